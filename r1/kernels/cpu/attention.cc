// Attention as products of tiles (attention.h, tile.h). Keys are transposed once per sequence and head, so that lanes
// are keys: a score is the sum over d, one product after the other; scores' maximum, exponentials and sum go by a fixed
// order; the weighted sum of values goes key by key. Keys of a tile that a query may not see have weight 0, which
// changes no bit, so a query's result is the same alone, in a tile or at the end of a cache.
#include "r1/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "r1/kernels/cpu/attention_tiles.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kGroup = 128;  // queries of one sequence that share a transposed copy of the keys

Rows tile_rows_of(const float* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                  std::vector<float>& buffer) {
  return width % kTileColumns == 0 ? Rows{in, stride} : copied_rows(in, stride, count, width, buffer);
}
Rows tile_rows_of(const bf16* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                  std::vector<float>& buffer) {
  return copied_rows(in, stride, count, width, buffer);
}

/// A cache's panels, read in place.
Panels cached(const float* in, std::int64_t stride, std::int64_t, std::int64_t width, std::vector<float>&) {
  return {in, stride, width};
}
Panels cached(const bf16* in, std::int64_t stride, std::int64_t count, std::int64_t width, std::vector<float>& buffer) {
  float* out = grown(buffer, pad(count, kKeyPanel) * width);
  for (std::int64_t j0 = 0; j0 < count; j0 += kKeyPanel)
    for (std::int64_t i = 0; i < width * kKeyPanel; i += kLanes)
      store(out + j0 * width + i, load(in + j0 / kKeyPanel * stride + i));
  return {out, kKeyPanel * width, width};
}

struct Scratch {
  std::vector<float> keys, values, q, scores, out;
};

/// Scores of `count` keys become weights in place (not yet divided by their sum); the rest up to `end` becomes 0.
struct Softmax {
  float highest, sum;
};
Softmax softmax(float* scores, std::int64_t count, std::int64_t end, float scale) {
  const std::int64_t padded = pad(count, kLanes);
  std::fill(scores + count, scores + std::max(padded, end), -std::numeric_limits<float>::infinity());
  V16 top = splat(-std::numeric_limits<float>::infinity());
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const V16 s = load(scores + j) * splat(scale);
    store(scores + j, s);
    top = vmax(top, s);
  }
  const float highest = max_lanes(top);
  V16 total{};
  for (std::int64_t j = 0; j < padded; j += kLanes) {
    const V16 p = vexp(load(scores + j) - splat(highest));
    store(scores + j, p);
    total += p;
  }
  if (end > padded) std::fill(scores + padded, scores + end, 0.0f);
  return {highest, sum_lanes(total)};
}

/// Queries [first, last) of one sequence that see the same first key.
struct Group {
  std::int64_t first, last;
};

std::vector<Group> groups_of(const AttentionArgs& a) {
  std::vector<Group> groups;
  for (std::int64_t t = 0; t < a.tokens; ++t) {
    const bool same = !groups.empty() && a.key_begin[t] == a.key_begin[t - 1] && t - groups.back().first < kGroup;
    if (same)
      groups.back().last = t + 1;
    else
      groups.push_back({t, t + 1});
  }
  return groups;
}

template <class T>
void write_out(const AttentionArgs& a, std::int64_t t, std::int64_t h, const float* in, Softmax s) {
  T* out = static_cast<T*>(a.out) + (t * a.heads + h) * a.dv;
  const V16 inverse = splat(1.0f / s.sum);
  for (std::int64_t j = 0; j < a.dv; j += kLanes) store_some(out + j, load_some(in + j, a.dv - j) * inverse, a.dv - j);
  if (a.lse != nullptr) a.lse[t * a.heads + h] = s.highest + std::log(s.sum);
}

/// One head of one group.
template <class T>
void forward(const AttentionArgs& a, Group group, std::int64_t h) {
  thread_local Scratch s;
  const std::int64_t begin = a.key_begin[group.first];
  const std::int64_t count = *std::max_element(a.key_end + group.first, a.key_end + group.last) - begin;
  const std::int64_t stride = pad(count, 8 * kTileWidth) + kLanes;
  const std::int64_t kv = h / (a.heads / a.kv_heads);
  const T* k = static_cast<const T*>(a.k);
  const Panels keys = a.k_panels ? cached(k + (begin * a.kv_heads + kv * kKeyPanel) * a.dk,
                                          kKeyPanel * a.kv_heads * a.dk, count, a.dk, s.keys)
                                 : transposed(k + begin * a.k_row + kv * a.k_head, a.k_row, count, a.dk, s.keys);
  const Rows values =
      tile_rows_of(static_cast<const T*>(a.v) + begin * a.v_row + kv * a.v_head, a.v_row, count, a.dv, s.values);
  const Rows q = tile_rows_of(static_cast<const T*>(a.q) + (group.first * a.heads + h) * a.dk, a.heads * a.dk,
                              group.last - group.first, a.dk, s.q);
  float* scores = grown(s.scores, kTileRows * stride);
  const std::int64_t width = pad(a.dv, kTileColumns);
  float* out = grown(s.out, kTileRows * width);
  for (std::int64_t t = group.first; t < group.last; t += kTileRows) {
    const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, group.last - t));
    const std::int64_t seen = *std::max_element(a.key_end + t, a.key_end + t + rows) - begin;
    scores_of(rows, {q.data + (t - group.first) * q.stride, q.stride}, keys, seen, {scores, stride});
    Softmax sums[kTileRows];
    for (int r = 0; r < rows; ++r) sums[r] = softmax(scores + r * stride, a.key_end[t + r] - begin, seen, a.scale);
    weighted_rows(rows, {scores, stride, 1, seen, values, out, width, width, false});
    for (int r = 0; r < rows; ++r) write_out<T>(a, t + r, h, out + r * width, sums[r]);
  }
}

}  // namespace

void attention(const AttentionArgs& args) {
  const std::vector<Group> groups = groups_of(args);
  parallel_items(static_cast<std::int64_t>(groups.size()) * args.heads, [&](std::int64_t item) {
    const Group group = groups[static_cast<std::size_t>(item / args.heads)];
    if (args.dtype == DType::F32)
      forward<float>(args, group, item % args.heads);
    else
      forward<bf16>(args, group, item % args.heads);
  });
}

void write_key_panels(const WriteKeyPanelsArgs& args) {
  const auto write = [&](const auto* x, auto* panels) {
    parallel_ranges(args.tokens, 32, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const std::int64_t row = args.rows[t], width = args.heads * args.dk;
        auto* out = panels + row / kKeyPanel * kKeyPanel * width + row % kKeyPanel;
        for (std::int64_t i = 0; i < width; ++i) out[i * kKeyPanel] = x[t * width + i];
      }
    });
  };
  if (args.dtype == DType::F32)
    write(static_cast<const float*>(args.x), static_cast<float*>(args.panels));
  else
    write(static_cast<const bf16*>(args.x), static_cast<bf16*>(args.panels));
}

}  // namespace r1::kernels::R1_ISA
