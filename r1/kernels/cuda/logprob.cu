// Rows of logits as distributions (kernels/logprob.h): a cluster of blocks a row, the sums in one fixed order, so that a
// row's bits depend on that row alone.
#include <cooperative_groups.h>

#include <cfloat>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

namespace cg = cooperative_groups;

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

/// Of a block's part of a row; `kept`, if not null, gets a copy for the gradient.
template <int N>
__device__ Moments part_moments(const float* x, std::int64_t count, float inverse, float* kept) {
  constexpr int kAtOnce = 4, kStride = kThreads * N;
  Moments m;
  for (std::int64_t first = static_cast<std::int64_t>(threadIdx.x) * N; first < count; first += kStride * kAtOnce) {
    Pack<float, N> v[kAtOnce];
#pragma unroll
    for (int n = 0; n < kAtOnce; ++n)
      if (first + n * kStride < count) v[n] = load<float, N>(x + first + n * kStride);
#pragma unroll
    for (int n = 0; n < kAtOnce; ++n) {
      if (first + n * kStride >= count) break;
      if (kept != nullptr) store<float, N>(kept + first + n * kStride, v[n]);
#pragma unroll
      for (int i = 0; i < N; ++i) add(m, v[n].at[i] * inverse);
    }
  }
  return over_block(m);
}

/// The whole row's, from those of its parts in the blocks of the cluster, joined in their order by each of them.
__device__ Moments over_cluster(const Moments& mine) {
  __shared__ Moments part;
  const cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x == 0) part = mine;
  cluster.sync();
  Moments m = *cluster.map_shared_rank(&part, 0);
  for (unsigned rank = 1; rank < cluster.num_blocks(); ++rank) m = joined(m, *cluster.map_shared_rank(&part, rank));
  cluster.sync();  // nobody leaves while others read
  return m;
}

/// A cluster a row, each block a part of `per_block` elements of it, which is read once if `keep` says that it fits
/// into shared memory.
template <int N>
__global__ void __launch_bounds__(kThreads, 2) forward(LogprobGradientArgs args, std::int64_t per_block, bool keep) {
  extern __shared__ __align__(16) float kept[];
  const LogprobArgs& a = args.forward;
  const unsigned blocks = cg::this_cluster().num_blocks(), rank = blockIdx.x % blocks;
  const std::int64_t row = blockIdx.x / blocks, begin = rank * per_block;
  const std::int64_t left = a.vocab - begin, count = left < per_block ? left : per_block;  // the last may have none
  const float* x = a.logits + row * a.stride;
  const float inverse = 1.0f / a.temperature;
  const Moments m = over_cluster(part_moments<N>(x + begin, count, inverse, keep ? kept : nullptr));
  const float log_sum = logf(m.sum), lse = m.top + log_sum;
  const std::int64_t target = a.targets == nullptr ? -1 : a.targets[row];
  if (threadIdx.x == 0 && rank == 0) {
    if (a.lse != nullptr) a.lse[row] = lse;
    if (a.entropy != nullptr) a.entropy[row] = log_sum - m.weighted / m.sum;
    if (a.logp != nullptr) a.logp[row] = target < 0 ? 0.0f : (x[target] * inverse - m.top) - log_sum;
  }
  if (a.probabilities != nullptr)
    for (std::int64_t j = threadIdx.x; j < count; j += kThreads)
      a.probabilities[row * a.vocab + begin + j] = __expf(x[begin + j] * inverse - lse);
  if (args.gradient == nullptr) return;
  bf16* gradient = static_cast<bf16*>(args.gradient) + row * a.vocab + begin;
  const float* values = keep ? kept : x + begin;
  const float factor = target < 0 ? 0.0f : inverse;
  for (std::int64_t j = static_cast<std::int64_t>(threadIdx.x) * N; j < count; j += kThreads * N) {
    const Pack<float, N> v = load<float, N>(values + j);  // what this very thread has stored there
    Pack<bf16, N> g;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const float p = __expf(v.at[i] * inverse - lse);
      g.at[i] = __float2bfloat16_rn(factor * ((begin + j + i == target ? 1.0f : 0.0f) - p));
    }
    store<bf16, N>(gradient + j, g);
  }
}

/// Blocks a row, by the vocabulary alone, so that a row's bits are the same whoever asks: two blocks fit on a
/// multiprocessor with their parts in shared memory.
constexpr std::int64_t kPartBytes = 100 * 1024;
constexpr unsigned kMostParts = 8;

unsigned parts_of(std::int64_t vocab) {
  unsigned parts = 1;
  while (parts < kMostParts && vocab * static_cast<std::int64_t>(sizeof(float)) > parts * kPartBytes) parts *= 2;
  return parts;
}

template <int N>
void launch_forward(const LogprobGradientArgs& args, cudaStream_t stream) {
  const unsigned parts = parts_of(args.forward.vocab);
  const std::int64_t per_block = (args.forward.vocab + parts * 4 - 1) / (parts * 4) * 4;
  const std::int64_t bytes = per_block * static_cast<std::int64_t>(sizeof(float));
  const bool keep = args.gradient != nullptr && bytes <= kPartBytes;
  static const cudaError_t kAllowed = cudaFuncSetAttribute(forward<N>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                           static_cast<int>(kPartBytes));
  if (kAllowed != cudaSuccess) throw std::runtime_error("CUDA kernel logprob: shared memory");
  cudaLaunchAttribute cluster;
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim.x = parts;
  cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(args.forward.rows) * parts);
  config.blockDim = dim3(kThreads);
  config.dynamicSmemBytes = keep ? static_cast<std::size_t>(bytes) : 0;
  config.stream = stream;
  config.attrs = &cluster;
  config.numAttrs = 1;
  cudaLaunchKernelEx(&config, forward<N>, args, per_block, keep);
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
  if (wide<float>(a.vocab, a.stride, {a.logits, args.gradient}))
    launch_forward<4>(args, native(stream));
  else
    launch_forward<1>(args, native(stream));
  check_launch("logprob");
}

void logprob_backward(const LogprobBackwardArgs& args, Stream stream) {
  if (args.rows == 0) return;
  backward<<<static_cast<unsigned>(args.rows), kThreads, 0, native(stream)>>>(args);
  check_launch("logprob_backward");
}

}  // namespace r1::kernels::cuda
