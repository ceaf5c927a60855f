// Rows of logits as distributions (kernels/logprob.h): one block a row, the sums in one fixed order, so that a row's
// bits depend on that row alone.
#include <cfloat>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / kWarp;

/// Maximum, sum of exp(z - max) and of exp(z - max) * (z - max), of a part of a row.
struct Moments {
  float top = -FLT_MAX, sum = 0.0f, weighted = 0.0f;
};

__device__ inline Moments joined(const Moments& a, const Moments& b) {
  Moments out;
  out.top = fmaxf(a.top, b.top);
  const float da = a.top - out.top, db = b.top - out.top;
  const float ea = __expf(da), eb = __expf(db);
  out.sum = a.sum * ea + b.sum * eb;
  out.weighted =
      (ea > 0.0f ? (a.weighted + a.sum * da) * ea : 0.0f) + (eb > 0.0f ? (b.weighted + b.sum * db) * eb : 0.0f);
  return out;
}

__device__ inline void add(Moments& m, float z) {
  if (z > m.top) {
    const float d = m.top - z, e = __expf(d);
    m.weighted = e > 0.0f ? (m.weighted + m.sum * d) * e : 0.0f;
    m.sum *= e;
    m.top = z;
  }
  const float d = z - m.top, e = __expf(d);
  m.sum += e;
  if (e > 0.0f) m.weighted = fmaf(e, d, m.weighted);
}

__device__ inline Moments shuffled(const Moments& m, int offset) {
  Moments out;
  out.top = __shfl_xor_sync(0xffffffffu, m.top, offset);
  out.sum = __shfl_xor_sync(0xffffffffu, m.sum, offset);
  out.weighted = __shfl_xor_sync(0xffffffffu, m.weighted, offset);
  return out;
}

/// The moments of the whole row, for every thread of the block. Lanes are joined lower first, so that all get the same.
__device__ Moments over_block(Moments m) {
  __shared__ Moments parts[kWarps];
  const int lane = threadIdx.x % kWarp;
  for (int offset = 1; offset < kWarp; offset *= 2) {
    const Moments other = shuffled(m, offset);
    m = (lane & offset) == 0 ? joined(m, other) : joined(other, m);
  }
  if (lane == 0) parts[threadIdx.x / kWarp] = m;
  __syncthreads();
  m = parts[0];
  for (int warp = 1; warp < kWarps; ++warp) m = joined(m, parts[warp]);
  return m;
}

template <int N>
__device__ Moments row_moments(const float* x, std::int64_t vocab, float inverse) {
  Moments m;
  for (std::int64_t j = static_cast<std::int64_t>(threadIdx.x) * N; j < vocab; j += kThreads * N) {
    const Pack<float, N> v = load<float, N>(x + j);
#pragma unroll
    for (int i = 0; i < N; ++i) add(m, v.at[i] * inverse);
  }
  return over_block(m);
}

template <int N>
__global__ void __launch_bounds__(kThreads) forward(LogprobGradientArgs args) {
  const LogprobArgs& a = args.forward;
  const std::int64_t row = blockIdx.x;
  const float* x = a.logits + row * a.stride;
  const float inverse = 1.0f / a.temperature;
  const Moments m = row_moments<N>(x, a.vocab, inverse);
  const float log_sum = logf(m.sum), lse = m.top + log_sum;
  const std::int64_t target = a.targets == nullptr ? -1 : a.targets[row];
  if (threadIdx.x == 0) {
    if (a.lse != nullptr) a.lse[row] = lse;
    if (a.entropy != nullptr) a.entropy[row] = log_sum - m.weighted / m.sum;
    if (a.logp != nullptr) a.logp[row] = target < 0 ? 0.0f : (x[target] * inverse - m.top) - log_sum;
  }
  if (a.probabilities != nullptr)
    for (std::int64_t j = threadIdx.x; j < a.vocab; j += kThreads)
      a.probabilities[row * a.vocab + j] = __expf(x[j] * inverse - lse);
  if (args.gradient == nullptr) return;
  bf16* gradient = static_cast<bf16*>(args.gradient) + row * a.vocab;
  const float factor = target < 0 ? 0.0f : inverse;
  for (std::int64_t j = static_cast<std::int64_t>(threadIdx.x) * N; j < a.vocab; j += kThreads * N) {
    const Pack<float, N> v = load<float, N>(x + j);
    Pack<bf16, N> g;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const float p = __expf(v.at[i] * inverse - lse);
      g.at[i] = __float2bfloat16_rn(factor * ((j + i == target ? 1.0f : 0.0f) - p));
    }
    store<bf16, N>(gradient + j, g);
  }
}

__global__ void __launch_bounds__(kThreads) backward(LogprobBackwardArgs a) {
  const std::int64_t row = blockIdx.x, target = a.targets[row];
  float* x = a.logits + row * a.stride;
  const float inverse = 1.0f / a.temperature, lse = a.lse[row];
  const float dlogp = target < 0 ? 0.0f : a.dlogp[row];
  const float dentropy = a.dentropy != nullptr ? a.dentropy[row] : 0.0f;
  const float entropy = dentropy != 0.0f ? a.entropy[row] : 0.0f;
  for (std::int64_t j = threadIdx.x; j < a.vocab; j += kThreads) {
    const float log_p = x[j] * inverse - lse, p = __expf(log_p);
    float g = dlogp * ((j == target ? 1.0f : 0.0f) - p);
    if (dentropy != 0.0f && p > 0.0f) g -= dentropy * p * (log_p + entropy);
    x[j] = g * inverse;
  }
}

}  // namespace

void logprob(const LogprobGradientArgs& args, Stream stream) {
  const LogprobArgs& a = args.forward;
  if (a.rows == 0) return;
  const auto blocks = static_cast<unsigned>(a.rows);
  if (wide<float>(a.vocab, a.stride, {a.logits, args.gradient}))
    forward<4><<<blocks, kThreads, 0, native(stream)>>>(args);
  else
    forward<1><<<blocks, kThreads, 0, native(stream)>>>(args);
  check_launch("logprob");
}

void logprob_backward(const LogprobBackwardArgs& args, Stream stream) {
  if (args.rows == 0) return;
  backward<<<static_cast<unsigned>(args.rows), kThreads, 0, native(stream)>>>(args);
  check_launch("logprob_backward");
}

}  // namespace r1::kernels::cuda
