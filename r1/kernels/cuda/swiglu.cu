// SwiGLU and its gradient, element by element (kernels/swiglu.h).
#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 256;

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + __expf(-x)); }

template <class T, int N>
__global__ void forward(SwigluArgs a) {
  const std::uint32_t per_row = static_cast<std::uint32_t>(a.columns / N);
  const std::uint32_t item = blockIdx.x * kThreads + threadIdx.x;
  if (item >= a.rows * per_row) return;
  const std::int64_t row = item / per_row, column = static_cast<std::int64_t>(item % per_row) * N;
  const Pack<T, N> g = load<T, N>(static_cast<const T*>(a.gate) + row * a.stride + column);
  const Pack<T, N> u = load<T, N>(static_cast<const T*>(a.up) + row * a.stride + column);
  Pack<T, N> y;
#pragma unroll
  for (int i = 0; i < N; ++i) {
    const float gate = to_float(g.at[i]);
    y.at[i] = from_float<T>(gate * sigmoid(gate) * to_float(u.at[i]));
  }
  store<T, N>(static_cast<T*>(a.y) + row * a.columns + column, y);
}

template <class T, int N>
__global__ void backward(SwigluBackwardArgs a) {
  const std::uint32_t per_row = static_cast<std::uint32_t>(a.columns / N);
  const std::uint32_t item = blockIdx.x * kThreads + threadIdx.x;
  if (item >= a.rows * per_row) return;
  const std::int64_t row = item / per_row, column = static_cast<std::int64_t>(item % per_row) * N;
  const Pack<T, N> g = load<T, N>(static_cast<const T*>(a.gate) + row * a.stride + column);
  const Pack<T, N> u = load<T, N>(static_cast<const T*>(a.up) + row * a.stride + column);
  const Pack<T, N> d = load<T, N>(static_cast<const T*>(a.dy) + row * a.columns + column);
  Pack<T, N> dg, du, y;
#pragma unroll
  for (int i = 0; i < N; ++i) {
    const float gate = to_float(g.at[i]), s = sigmoid(gate), dy = to_float(d.at[i]);
    du.at[i] = from_float<T>(dy * gate * s);
    dg.at[i] = from_float<T>(dy * to_float(u.at[i]) * s * (1.0f + gate * (1.0f - s)));
    y.at[i] = from_float<T>(gate * s * to_float(u.at[i]));
  }
  store<T, N>(static_cast<T*>(a.dgate) + row * a.dstride + column, dg);
  store<T, N>(static_cast<T*>(a.dup) + row * a.dstride + column, du);
  if (a.y != nullptr) store<T, N>(static_cast<T*>(a.y) + row * a.columns + column, y);
}

/// A warp a row, so that the row's <dy, y> is summed in one order.
template <class T, int N>
__global__ void __launch_bounds__(kThreads) slot_backward(SlotSwigluBackwardArgs slot) {
  const SwigluBackwardArgs& a = slot.base;
  const std::int64_t row = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) / kWarp;
  if (row >= a.rows) return;
  const int lane = threadIdx.x % kWarp;
  const float weight = slot.weights[row];
  float dot = 0.0f;
  for (std::int64_t column = static_cast<std::int64_t>(lane) * N; column < a.columns; column += kWarp * N) {
    const Pack<T, N> g = load<T, N>(static_cast<const T*>(a.gate) + row * a.stride + column);
    const Pack<T, N> u = load<T, N>(static_cast<const T*>(a.up) + row * a.stride + column);
    const Pack<T, N> d = load<T, N>(static_cast<const T*>(a.dy) + row * a.columns + column);
    Pack<T, N> dg, du, y;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const float gate = to_float(g.at[i]), up = to_float(u.at[i]), s = sigmoid(gate);
      const float value = gate * s * up, dy = to_float(d.at[i]);
      dot = fmaf(dy, rounded<T>(value), dot);
      du.at[i] = from_float<T>(weight * dy * gate * s);
      dg.at[i] = from_float<T>(weight * dy * up * s * (1.0f + gate * (1.0f - s)));
      y.at[i] = from_float<T>(weight * value);
    }
    store<T, N>(static_cast<T*>(a.dgate) + row * a.dstride + column, dg);
    store<T, N>(static_cast<T*>(a.dup) + row * a.dstride + column, du);
    store<T, N>(static_cast<T*>(a.y) + row * a.columns + column, y);
  }
  dot = warp_sum(dot);
  if (lane == 0) slot.dweights[row] = dot;
}

void check_size(std::int64_t items) {
  if (items >= (std::int64_t{1} << 32)) throw std::runtime_error("CUDA kernel swiglu: more than 2^32 elements");
}

template <class T>
void run(const SwigluArgs& a, cudaStream_t stream) {
  if (wide<T>(a.columns, a.stride, {a.gate, a.up, a.y}))
    forward<T, kWide<T>><<<blocks_for(a.rows * a.columns / kWide<T>, kThreads), kThreads, 0, stream>>>(a);
  else
    forward<T, 1><<<blocks_for(a.rows * a.columns, kThreads), kThreads, 0, stream>>>(a);
}

template <class T>
void run(const SwigluBackwardArgs& a, cudaStream_t stream) {
  if (a.dstride % kWide<T> == 0 && wide<T>(a.columns, a.stride, {a.gate, a.up, a.dy, a.dgate, a.dup, a.y}))
    backward<T, kWide<T>><<<blocks_for(a.rows * a.columns / kWide<T>, kThreads), kThreads, 0, stream>>>(a);
  else
    backward<T, 1><<<blocks_for(a.rows * a.columns, kThreads), kThreads, 0, stream>>>(a);
}

template <class T>
void run(const SlotSwigluBackwardArgs& slot, cudaStream_t stream) {
  const SwigluBackwardArgs& a = slot.base;
  const unsigned blocks = blocks_for(a.rows, kThreads / kWarp);
  if (a.dstride % kWide<T> == 0 && wide<T>(a.columns, a.stride, {a.gate, a.up, a.dy, a.dgate, a.dup, a.y}))
    slot_backward<T, kWide<T>><<<blocks, kThreads, 0, stream>>>(slot);
  else
    slot_backward<T, 1><<<blocks, kThreads, 0, stream>>>(slot);
}

template <class Args>
void dispatch(const Args& args, Stream stream) {
  if (args.rows * args.columns == 0) return;
  check_size(args.rows * args.columns);
  if (args.dtype == DType::F32)
    run<float>(args, native(stream));
  else
    run<bf16>(args, native(stream));
  check_launch("swiglu");
}

}  // namespace

void swiglu(const SwigluArgs& args, Stream stream) { dispatch(args, stream); }
void swiglu_backward(const SwigluBackwardArgs& args, Stream stream) { dispatch(args, stream); }

void slot_swiglu_backward(const SlotSwigluBackwardArgs& args, Stream stream) {
  if (args.base.rows == 0) return;
  if (args.base.dtype == DType::F32)
    run<float>(args, native(stream));
  else
    run<bf16>(args, native(stream));
  check_launch("slot_swiglu_backward");
}

}  // namespace r1::kernels::cuda
