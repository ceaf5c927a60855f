// Attention over ranges of key rows (kernels/attention.h), the general kernel: any type and head size, one warp a query
// and head, keys in blocks of 32 counted from the range's begin. Nothing but a query's own keys decides its bits, so
// training, prefill and decode agree. attention_tiles.cu is the faster one for bf16.
#include <cfloat>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kWarps = 4;
constexpr int kMostValues = 16;  // value elements a lane: head sizes up to 512

template <class T>
__global__ void general(AttentionArgs a) {
  const std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (item >= a.tokens * a.heads) return;
  const int lane = threadIdx.x % kWarp;
  const std::int64_t token = item / a.heads, head = item % a.heads, kv_head = head / (a.heads / a.kv_heads);
  const T* q = static_cast<const T*>(a.q) + item * a.dk;
  const std::int64_t begin = a.key_begin[token], end = a.key_end[token];
  float top = -FLT_MAX, sum = 0.0f, out[kMostValues] = {};
  for (std::int64_t first = begin; first < end; first += kWarp) {
    const std::int64_t key = first + lane;
    float score = -FLT_MAX;
    if (key < end) {
      const T* k = static_cast<const T*>(a.k) + key * a.k_row + kv_head * a.k_head;
      score = 0.0f;
      for (std::int64_t d = 0; d < a.dk; ++d) score = fmaf(to_float(q[d]), to_float(k[d]), score);
      score *= a.scale;
    }
    const float higher = fmaxf(top, warp_max(score));
    const float factor = __expf(top - higher), p = key < end ? __expf(score - higher) : 0.0f;
    top = higher;
    sum = sum * factor + warp_sum(p);
    const int keys = static_cast<int>(end - first < kWarp ? end - first : kWarp);
#pragma unroll
    for (int c = 0; c < kMostValues; ++c) out[c] *= factor;
    for (int i = 0; i < keys; ++i) {
      const float share = __shfl_sync(0xffffffffu, p, i);
      const T* v = static_cast<const T*>(a.v) + (first + i) * a.v_row + kv_head * a.v_head;
#pragma unroll
      for (int c = 0; c < kMostValues; ++c)
        if (c * kWarp + lane < a.dv) out[c] = fmaf(share, to_float(v[c * kWarp + lane]), out[c]);
    }
  }
  T* to = static_cast<T*>(a.out) + item * a.dv;
#pragma unroll
  for (int c = 0; c < kMostValues; ++c)
    if (c * kWarp + lane < a.dv) to[c * kWarp + lane] = from_float<T>(out[c] / sum);
  if (lane == 0 && a.lse != nullptr) a.lse[item] = top + logf(sum);
}

}  // namespace

void attention(const AttentionArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  if (args.k_panels) throw std::runtime_error("CUDA kernel attention: keys lie in rows here, not in panels");
  if (args.dv > kMostValues * kWarp)
    throw std::runtime_error("CUDA kernel attention: heads of " + std::to_string(args.dv) + " values");
  const unsigned blocks = blocks_for(args.tokens * args.heads, kWarps);
  if (args.dtype == DType::F32)
    general<float><<<blocks, kWarps * kWarp, 0, native(stream)>>>(args);
  else
    general<bf16><<<blocks, kWarps * kWarp, 0, native(stream)>>>(args);
  check_launch("attention");
}

}  // namespace r1::kernels::cuda
