// AdamW over many parameters in a few launches, and the parts of their gradients' squared norms (kernels/adamw.h). The
// arguments of up to kBatch tensors travel with a launch: small models have hundreds of small tensors.
#include <algorithm>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kBatch = 32;  // 32 * 120 bytes of arguments: under the 4 KiB of a launch

template <class Args>
struct Batch {
  Args item[kBatch];
};

/// The float32 weights [i, i + N): stored as they are, or as a bf16 parameter and its correction (kernels/adamw.h).
template <int N>
__device__ Pack<float, N> load_master(const AdamWArgs& a, std::int64_t i) {
  if (a.correction == nullptr) return load<float, N>(a.master + i);
  const Pack<std::uint16_t, N> high = load<std::uint16_t, N>(static_cast<const std::uint16_t*>(a.parameter) + i);
  const Pack<std::int16_t, N> low = load<std::int16_t, N>(a.correction + i);
  Pack<float, N> w;
#pragma unroll
  for (int k = 0; k < N; ++k)
    w.at[k] = __uint_as_float((static_cast<std::uint32_t>(high.at[k]) << 16) + static_cast<std::uint32_t>(low.at[k]));
  return w;
}

template <int N>
__device__ void store_master(const AdamWArgs& a, std::int64_t i, const Pack<float, N>& w) {
  if (a.correction == nullptr) {
    store<float, N>(a.master + i, w);
    if (a.parameter == nullptr) return;
    Pack<bf16, N> rounded;
#pragma unroll
    for (int k = 0; k < N; ++k) rounded.at[k] = __float2bfloat16_rn(w.at[k]);
    return store<bf16, N>(static_cast<bf16*>(a.parameter) + i, rounded);
  }
  Pack<std::uint16_t, N> high;
  Pack<std::int16_t, N> low;
#pragma unroll
  for (int k = 0; k < N; ++k) {
    const std::uint32_t bits = __float_as_uint(w.at[k]);
    high.at[k] = static_cast<std::uint16_t>((bits + 0x8000u) >> 16);
    low.at[k] = static_cast<std::int16_t>(bits & 0xffffu);
  }
  store<std::uint16_t, N>(static_cast<std::uint16_t*>(a.parameter) + i, high);
  store<std::int16_t, N>(a.correction + i, low);
}

/// Elements [i, i + N) of one tensor; the moments are of type M.
template <class G, class M, int N>
__device__ void update(const AdamWArgs& a, M* moments_m, M* moments_v, std::int64_t i) {
  const float decay = 1.0f - a.learning_rate * a.weight_decay;
  const float step = a.learning_rate / a.bias_correction1, root = 1.0f / sqrtf(a.bias_correction2);
  const Pack<G, N> g = load<G, N>(static_cast<const G*>(a.gradient) + i);
  Pack<M, N> m = load<M, N>(moments_m + i), v = load<M, N>(moments_v + i);
  Pack<float, N> w = load_master<N>(a, i);
#pragma unroll
  for (int k = 0; k < N; ++k) {
    const float gradient = to_float(g.at[k]) * a.gradient_scale;
    const float first = fmaf(1.0f - a.beta1, gradient, a.beta1 * to_float(m.at[k]));
    const float second = fmaf((1.0f - a.beta2) * gradient, gradient, a.beta2 * to_float(v.at[k]));
    w.at[k] = fmaf(w.at[k], decay, -(step * first / fmaf(sqrtf(second), root, a.eps)));
    m.at[k] = from_float<M>(first);
    v.at[k] = from_float<M>(second);
  }
  store<M, N>(moments_m + i, m);
  store<M, N>(moments_v + i, v);
  store_master<N>(a, i, w);
}

template <class G, class M>
__device__ void update_all(const AdamWArgs& a, M* m, M* v) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kThreads;
  const std::int64_t packs = a.count / 4;
  for (std::int64_t i = first; i < packs; i += stride) update<G, M, 4>(a, m, v, i * 4);
  for (std::int64_t i = packs * 4 + first; i < a.count; i += stride) update<G, M, 1>(a, m, v, i);
}

template <class G>
__device__ void update_all(const AdamWArgs& a) {
  if (a.m_bf16 != nullptr)
    update_all<G, bf16>(a, static_cast<bf16*>(a.m_bf16), static_cast<bf16*>(a.v_bf16));
  else
    update_all<G, float>(a, a.m, a.v);
}

__global__ void __launch_bounds__(kThreads) adamw_kernel(const __grid_constant__ Batch<AdamWArgs> batch) {
  const AdamWArgs& a = batch.item[blockIdx.y];
  if (a.gradient_dtype == DType::F32)
    update_all<float>(a);
  else
    update_all<bf16>(a);
}

/// Several packs are under way at once: the blocks of the largest tensor alone must fill the memory's pipe.
template <class T>
__device__ double squares(const SquaredNormParts& a) {
  constexpr int kWidth = 8, kAtOnce = 4;
  double sum = 0.0;
  const T* x = static_cast<const T*>(a.x);
  const std::int64_t packs = a.count / kWidth;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t stride = kNormParts * kThreads;
  for (std::int64_t i = first; i < packs; i += stride * kAtOnce) {
    Pack<T, kWidth> v[kAtOnce] = {};
#pragma unroll
    for (int n = 0; n < kAtOnce; ++n)
      if (i + n * stride < packs) v[n] = load<T, kWidth>(x + (i + n * stride) * kWidth);
#pragma unroll
    for (int n = 0; n < kAtOnce; ++n) {
      float part = 0.0f;
#pragma unroll
      for (int k = 0; k < kWidth; ++k) part = fmaf(to_float(v[n].at[k]), to_float(v[n].at[k]), part);
      sum += part;
    }
  }
  for (std::int64_t i = packs * kWidth + first; i < a.count; i += stride) sum += to_float(x[i]) * to_float(x[i]);
  return sum;
}

__global__ void __launch_bounds__(kThreads) norm_kernel(const __grid_constant__ Batch<SquaredNormParts> batch) {
  __shared__ double part[kThreads];
  const SquaredNormParts& a = batch.item[blockIdx.y];
  part[threadIdx.x] = a.dtype == DType::F32 ? squares<float>(a) : squares<bf16>(a);
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
  }
  if (threadIdx.x == 0) a.parts[blockIdx.x] = part[0];
}

/// Blocks along a tensor: enough for the largest one.
unsigned blocks_along(std::int64_t count) {
  return static_cast<unsigned>(std::clamp<std::int64_t>(blocks_for(count, kThreads * 4), 1, 1024));
}

}  // namespace

void adamw(const AdamWArgs* args, std::size_t count, Stream stream) {
  for (std::size_t first = 0; first < count; first += kBatch) {
    const std::size_t items = std::min<std::size_t>(kBatch, count - first);
    Batch<AdamWArgs> batch;
    std::int64_t largest = 0;
    for (std::size_t i = 0; i < items; ++i) {
      batch.item[i] = args[first + i];
      largest = std::max(largest, args[first + i].count);
    }
    adamw_kernel<<<dim3(blocks_along(largest), static_cast<unsigned>(items)), kThreads, 0, native(stream)>>>(batch);
    check_launch("adamw");
  }
}

void squared_norms(const SquaredNormParts* args, std::size_t count, Stream stream) {
  for (std::size_t first = 0; first < count; first += kBatch) {
    const std::size_t items = std::min<std::size_t>(kBatch, count - first);
    Batch<SquaredNormParts> batch;
    for (std::size_t i = 0; i < items; ++i) batch.item[i] = args[first + i];
    norm_kernel<<<dim3(kNormParts, static_cast<unsigned>(items)), kThreads, 0, native(stream)>>>(batch);
    check_launch("squared_norms");
  }
}

}  // namespace r1::kernels::cuda
