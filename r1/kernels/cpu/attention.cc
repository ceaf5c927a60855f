// Attention, one (query, head) at a time (attention.h): scores of all keys, their maximum, exponentials and sum in a
// fixed order, then the weighted sum of values key by key.
#include "r1/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

template <class T>
inline float dot(const float* a, const T* b, std::int64_t n) {
  V16 acc{};
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) acc += load(a + j) * load(b + j);
  if (j < n) acc += load_part(a + j, n - j) * load_part(b + j, n - j);
  return sum_lanes(acc);
}

template <class T>
inline void add_scaled(float* out, float weight, const T* v, std::int64_t n) {
  std::int64_t j = 0;
  const V16 w = splat(weight);
  for (; j + kLanes <= n; j += kLanes) store(out + j, load(out + j) + w * load(v + j));
  if (j < n) store_part(out + j, load_part(out + j, n - j) + w * load_part(v + j, n - j), n - j);
}

template <class T>
inline void copy_to_float(const T* in, float* out, std::int64_t n) {
  for (std::int64_t j = 0; j < n; j += kLanes) store_some(out + j, load_some(in + j, n - j), n - j);
}

struct Scratch {
  std::vector<float> q, scores, out;
};

template <class T>
void one_query(const AttentionArgs& a, std::int64_t t, std::int64_t h, Scratch& s) {
  const std::int64_t begin = a.key_begin[t], count = a.key_end[t] - begin;
  const std::int64_t padded = (count + kLanes - 1) / kLanes * kLanes;
  s.scores.assign(static_cast<std::size_t>(padded), -std::numeric_limits<float>::infinity());
  copy_to_float(static_cast<const T*>(a.q) + (t * a.heads + h) * a.dk, s.q.data(), a.dk);
  const T* k = static_cast<const T*>(a.k) + begin * a.k_row + h * a.k_head;
  for (std::int64_t j = 0; j < count; ++j)
    s.scores[static_cast<std::size_t>(j)] = a.scale * dot(s.q.data(), k + j * a.k_row, a.dk);
  V16 top = load(s.scores.data());
  for (std::int64_t j = kLanes; j < padded; j += kLanes) top = max_lanes_with(top, load(s.scores.data() + j));
  const float highest = max_lanes(top);
  V16 total{};
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const V16 p = vexp(load(s.scores.data() + j) - splat(highest));
    store(s.scores.data() + j, p);
    total += p;
  }
  const float sum = sum_lanes(total);
  std::fill(s.out.begin(), s.out.end(), 0.0f);
  const T* v = static_cast<const T*>(a.v) + begin * a.v_row + h * a.v_head;
  for (std::int64_t j = 0; j < count; ++j)
    add_scaled(s.out.data(), s.scores[static_cast<std::size_t>(j)], v + j * a.v_row, a.dv);
  T* out = static_cast<T*>(a.out) + (t * a.heads + h) * a.dv;
  const float inverse = 1.0f / sum;
  for (std::int64_t j = 0; j < a.dv; j += kLanes)
    store_some(out + j, load_some(s.out.data() + j, a.dv - j) * splat(inverse), a.dv - j);
  if (a.lse != nullptr) a.lse[t * a.heads + h] = highest + std::log(sum);
}

template <class T>
void forward(const AttentionArgs& a, std::int64_t begin, std::int64_t end) {
  Scratch scratch;
  scratch.q.resize(static_cast<std::size_t>(a.dk));
  scratch.out.resize(static_cast<std::size_t>(a.dv));
  for (std::int64_t t = begin; t < end; ++t)
    for (std::int64_t h = 0; h < a.heads; ++h) one_query<T>(a, t, h, scratch);
}

/// One head of one document: rows [first, last).
template <class T>
void backward_document(const AttentionBackwardArgs& a, std::int64_t first, std::int64_t last, std::int64_t h) {
  const std::int64_t n = last - first;
  std::vector<float> dk(static_cast<std::size_t>(n * a.dk), 0.0f), dv(static_cast<std::size_t>(n * a.dv), 0.0f);
  std::vector<float> q(static_cast<std::size_t>(a.dk)), dq(static_cast<std::size_t>(a.dk)),
      dout(static_cast<std::size_t>(a.dv));
  std::vector<float> p(static_cast<std::size_t>((n + kLanes) / kLanes * kLanes));
  const auto row = [&](const void* base, std::int64_t i, std::int64_t width) {
    return static_cast<const T*>(base) + ((first + i) * a.heads + h) * width;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    copy_to_float(row(a.q, i, a.dk), q.data(), a.dk);
    copy_to_float(row(a.dout, i, a.dv), dout.data(), a.dv);
    std::fill(dq.begin(), dq.end(), 0.0f);
    const float delta = dot(dout.data(), row(a.out, i, a.dv), a.dv);
    const float lse = a.lse[(first + i) * a.heads + h];
    for (std::int64_t j = 0; j <= i; ++j)
      p[static_cast<std::size_t>(j)] = a.scale * dot(q.data(), row(a.k, j, a.dk), a.dk) - lse;
    for (std::int64_t j = 0; j <= i; j += kLanes) store(p.data() + j, vexp(load(p.data() + j)));
    for (std::int64_t j = 0; j <= i; ++j) {
      const float weight = p[static_cast<std::size_t>(j)];
      const float ds = a.scale * weight * (dot(dout.data(), row(a.v, j, a.dv), a.dv) - delta);
      add_scaled(dq.data(), ds, row(a.k, j, a.dk), a.dk);
      add_scaled(dk.data() + j * a.dk, ds, q.data(), a.dk);
      add_scaled(dv.data() + j * a.dv, weight, dout.data(), a.dv);
    }
    T* out = static_cast<T*>(a.dq) + ((first + i) * a.heads + h) * a.dk;
    for (std::int64_t j = 0; j < a.dk; j += kLanes) store_some(out + j, load_some(dq.data() + j, a.dk - j), a.dk - j);
  }
  for (std::int64_t i = 0; i < n; ++i) {
    T* dk_row = static_cast<T*>(a.dk_out) + ((first + i) * a.heads + h) * a.dk;
    T* dv_row = static_cast<T*>(a.dv_out) + ((first + i) * a.heads + h) * a.dv;
    for (std::int64_t j = 0; j < a.dk; j += kLanes)
      store_some(dk_row + j, load_some(dk.data() + i * a.dk + j, a.dk - j), a.dk - j);
    for (std::int64_t j = 0; j < a.dv; j += kLanes)
      store_some(dv_row + j, load_some(dv.data() + i * a.dv + j, a.dv - j), a.dv - j);
  }
}

}  // namespace

void attention(const AttentionArgs& args) {
  parallel_ranges(args.tokens, 4, [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      forward<float>(args, begin, end);
    else
      forward<bf16>(args, begin, end);
  });
}

void attention_backward(const AttentionBackwardArgs& args) {
  std::vector<std::int64_t> starts;
  for (std::int64_t t = 0; t < args.tokens; ++t)
    if (args.key_begin[t] == t) starts.push_back(t);
  starts.push_back(args.tokens);
  const std::int64_t documents = static_cast<std::int64_t>(starts.size()) - 1;
  parallel_items(documents * args.heads, [&](std::int64_t item) {
    const std::size_t document = static_cast<std::size_t>(item / args.heads);
    if (args.dtype == DType::F32)
      backward_document<float>(args, starts[document], starts[document + 1], item % args.heads);
    else
      backward_document<bf16>(args, starts[document], starts[document + 1], item % args.heads);
  });
}

}  // namespace r1::kernels::R1_ISA
