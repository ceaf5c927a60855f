// Gradients of attention (attention.h) for packed documents, in blocks of queries: weights are recomputed from the
// log-sum-exp, then every gradient is a product of tiles.
#include <vector>

#include "r1/kernels/attention.h"
#include "r1/kernels/cpu/attention_tiles.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kBlock = 48;  // queries whose weights are held at once
static_assert(kBlock % kTileRows == 0);

struct Scratch {
  std::vector<float> keys, values, values_t, q, k, scores, dscores, dk, dv, dq, dout;
};

Scratch& scratch() {
  thread_local Scratch buffers;
  return buffers;
}

/// One head of keys of one document, rows [first, last): its query heads one after another, in blocks of queries.
template <class T>
class DocumentBackward {
 public:
  DocumentBackward(const AttentionBackwardArgs& a, std::int64_t first, std::int64_t last, std::int64_t kv)
      : a_(a), first_(first), n_(last - first), kv_(kv), stride_(pad(n_, 8 * kTileWidth)) {
    k_ = rows(a.k, {a.kv_heads, kv, a.dk}, s_.k);
    v_ = rows(a.v, {a.kv_heads, kv, a.dv}, s_.values);
    keys_ = transposed(k_.data, k_.stride, n_, a.dk, s_.keys);
    values_ = transposed(v_.data, v_.stride, n_, a.dv, s_.values_t);
    weights_ = grown(s_.scores, kBlock * stride_);
    ds_ = grown(s_.dscores, kBlock * stride_);
    dq_ = grown(s_.dq, kBlock * k_.stride);
    dk_ = grown(s_.dk, n_ * k_.stride);
    dv_ = grown(s_.dv, n_ * v_.stride);
    std::fill(dk_, dk_ + n_ * k_.stride, 0.0f);
    std::fill(dv_, dv_ + n_ * v_.stride, 0.0f);
  }

  void run() {
    const std::int64_t group = a_.heads / a_.kv_heads;
    for (h_ = kv_ * group; h_ < (kv_ + 1) * group; ++h_) {
      q_ = rows(a_.q, {a_.heads, h_, a_.dk}, s_.q);
      dout_ = rows(a_.dout, {a_.heads, h_, a_.dv}, s_.dout);
      for (std::int64_t i = 0; i < n_; i += kBlock) one_block(i, std::min(n_, i + kBlock));
    }
    write(a_.dk_out, {a_.kv_heads, kv_, a_.dk}, 0, n_, {dk_, k_.stride});
    write(a_.dv_out, {a_.kv_heads, kv_, a_.dv}, 0, n_, {dv_, v_.stride});
  }

 private:
  /// One head of a tensor [T, heads, width].
  struct Head {
    std::int64_t heads, index, width;
  };

  Rows rows(const void* base, Head head, std::vector<float>& buffer) const {
    return copied_rows(static_cast<const T*>(base) + (first_ * head.heads + head.index) * head.width,
                       head.heads * head.width, n_, head.width, buffer);
  }

  void one_block(std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, end - i));
      float* w = weights_ + (i - begin) * stride_;
      float* ds = ds_ + (i - begin) * stride_;
      scores_of(rows, {q_.data + i * q_.stride, q_.stride}, keys_, i + rows, {w, stride_});
      scores_of(rows, {dout_.data + i * dout_.stride, dout_.stride}, values_, i + rows, {ds, stride_});
      for (int r = 0; r < rows; ++r) weigh(i + r, end, w + r * stride_, ds + r * stride_);
      weighted_rows(rows, {ds, stride_, 1, i + rows, k_, dq_ + (i - begin) * k_.stride, k_.stride, a_.dk, false});
    }
    for (std::int64_t j = 0; j < end; j += kTileRows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(kTileRows, end - j));
      const std::int64_t skip = std::max<std::int64_t>(0, j - begin);  // queries before key j do not see it
      const std::int64_t queries = end - begin - skip;
      const Rows q{q_.data + (begin + skip) * q_.stride, q_.stride};
      const Rows dout{dout_.data + (begin + skip) * dout_.stride, dout_.stride};
      weighted_rows(rows,
                    {ds_ + skip * stride_ + j, 1, stride_, queries, q, dk_ + j * k_.stride, k_.stride, a_.dk, true});
      weighted_rows(rows, {weights_ + skip * stride_ + j, 1, stride_, queries, dout, dv_ + j * v_.stride, v_.stride,
                           a_.dv, true});
    }
    write(a_.dq, {a_.heads, h_, a_.dk}, begin, end, {dq_, k_.stride});
  }

  /// Row i: scores to weights, and the weights' gradients (in ds) to those of the scores; 0 for keys i + 1 ... end - 1.
  void weigh(std::int64_t i, std::int64_t end, float* w, float* ds) const {
    const T* out = static_cast<const T*>(a_.out) + ((first_ + i) * a_.heads + h_) * a_.dv;
    V16 product{};
    for (std::int64_t j = 0; j < a_.dv; j += kLanes)
      product = fma(load_some(dout_.data + i * dout_.stride + j, a_.dv - j), load_some(out + j, a_.dv - j), product);
    const V16 delta = splat(sum_lanes(product)), scale = splat(a_.scale);
    const V16 lse = splat(a_.lse[(first_ + i) * a_.heads + h_]);
    for (std::int64_t j = 0; j <= i; j += kLanes) {
      const V16 p = vexp(fma(load(w + j), scale, -lse));
      store(w + j, p);
      store(ds + j, p * (load(ds + j) - delta) * scale);
    }
    std::fill(w + i + 1, w + end, 0.0f);
    std::fill(ds + i + 1, ds + end, 0.0f);
  }

  void write(void* to, Head head, std::int64_t begin, std::int64_t end, Rows from) const {
    for (std::int64_t i = begin; i < end; ++i) {
      T* out = static_cast<T*>(to) + ((first_ + i) * head.heads + head.index) * head.width;
      const float* in = from.data + (i - begin) * from.stride;
      for (std::int64_t j = 0; j < head.width; j += kLanes)
        store_some(out + j, load_some(in + j, head.width - j), head.width - j);
    }
  }

  Scratch& s_ = scratch();
  const AttentionBackwardArgs& a_;
  std::int64_t first_, n_, kv_, stride_, h_ = 0;
  Rows k_, q_, v_, dout_;
  Panels keys_, values_;
  float *weights_, *ds_, *dq_, *dk_, *dv_;
};

}  // namespace

void attention_backward(const AttentionBackwardArgs& args) {
  std::vector<std::int64_t> starts;
  for (std::int64_t t = 0; t < args.tokens; ++t)
    if (args.key_begin[t] == t) starts.push_back(t);
  starts.push_back(args.tokens);
  const std::int64_t documents = static_cast<std::int64_t>(starts.size()) - 1;
  parallel_items(documents * args.kv_heads, [&](std::int64_t item) {
    const std::size_t document = static_cast<std::size_t>(item / args.kv_heads);
    if (args.dtype == DType::F32)
      DocumentBackward<float>(args, starts[document], starts[document + 1], item % args.kv_heads).run();
    else
      DocumentBackward<bf16>(args, starts[document], starts[document + 1], item % args.kv_heads).run();
  });
}

}  // namespace r1::kernels::R1_ISA
