// RMSNorm, and RMSNorm of a sum (table.h): one warp a row, so that a row's bits depend on that row alone. The weight's
// gradient is summed per block, blocks in order.
#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr std::int64_t kMostBlocks = 264;  // two a multiprocessor

template <class T, int N>
__global__ void forward(AddRmsNormArgs a) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (row >= a.norm.rows) return;
  const int lane = threadIdx.x % kWarp;
  const std::int64_t columns = a.norm.columns;
  const T* x = static_cast<const T*>(a.norm.x) + row * a.norm.x_stride;
  const T* delta = a.delta == nullptr ? nullptr : static_cast<const T*>(a.delta) + row * columns;
  T* sum = a.delta == nullptr ? nullptr : static_cast<T*>(a.sum) + row * columns;
  float squares = 0.0f;
  for (std::int64_t j = lane * N; j < columns; j += kWarp * N) {
    Pack<T, N> v = load<T, N>(x + j);
    if (delta != nullptr) {
      const Pack<T, N> d = load<T, N>(delta + j);
      for (int i = 0; i < N; ++i) v.at[i] = from_float<T>(to_float(v.at[i]) + to_float(d.at[i]));
      store<T, N>(sum + j, v);
    }
    for (int i = 0; i < N; ++i) squares = fmaf(to_float(v.at[i]), to_float(v.at[i]), squares);
  }
  const float inverse = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(columns) + a.norm.eps);
  if (lane == 0 && a.norm.inverse_rms != nullptr) a.norm.inverse_rms[row] = inverse;
  const T* source = delta != nullptr ? sum : x;
  const T* weight = static_cast<const T*>(a.norm.weight);
  T* y = static_cast<T*>(a.norm.y) + row * columns;
  for (std::int64_t j = lane * N; j < columns; j += kWarp * N) {
    Pack<T, N> v = load<T, N>(source + j);
    const Pack<T, N> w = load<T, N>(weight + j);
    for (int i = 0; i < N; ++i) v.at[i] = from_float<T>(rounded<T>(to_float(v.at[i]) * inverse) * to_float(w.at[i]));
    store<T, N>(y + j, v);
  }
}

/// C accesses of N columns a lane: rows of up to 32 * N * C columns. partial [blocks, columns].
template <class T, int N, int C>
__global__ void backward(AddRmsNormBackwardArgs a, float* partial) {
  extern __shared__ float block_sum[];
  const RmsNormBackwardArgs& b = a.base;
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const std::int64_t columns = b.columns;
  const T* weight = static_cast<const T*>(b.weight);
  float dweight[C][N] = {};
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + warp; row < b.rows;
       row += static_cast<std::int64_t>(gridDim.x) * kWarps) {
    const T* x = static_cast<const T*>(b.x) + row * b.x_stride;
    const T* dy = static_cast<const T*>(b.dy) + row * columns;
    const float inverse = b.inverse_rms[row];
    float dot = 0.0f;
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const std::int64_t j = (c * kWarp + lane) * N;
      if (j >= columns) break;
      const Pack<T, N> v = load<T, N>(x + j), g = load<T, N>(dy + j), w = load<T, N>(weight + j);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float normed = to_float(v.at[i]) * inverse;
        dot = fmaf(to_float(g.at[i]) * to_float(w.at[i]), normed, dot);
        dweight[c][i] = fmaf(to_float(g.at[i]), normed, dweight[c][i]);
      }
    }
    const float mean = warp_sum(dot) / static_cast<float>(columns);
    const T* dsum = a.dsum == nullptr ? nullptr : static_cast<const T*>(a.dsum) + row * columns;
    T* dx = static_cast<T*>(b.dx) + row * columns;
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const std::int64_t j = (c * kWarp + lane) * N;
      if (j >= columns) break;
      const Pack<T, N> v = load<T, N>(x + j), g = load<T, N>(dy + j), w = load<T, N>(weight + j);
      Pack<T, N> more{}, out;
      if (dsum != nullptr) more = load<T, N>(dsum + j);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float normed = to_float(v.at[i]) * inverse;
        const float own = (to_float(g.at[i]) * to_float(w.at[i]) - normed * mean) * inverse;
        out.at[i] = from_float<T>(dsum != nullptr ? own + to_float(more.at[i]) : own);
      }
      store<T, N>(dx + j, out);
    }
  }
  for (int turn = 0; turn < kWarps; ++turn) {
    if (warp == turn) {
#pragma unroll
      for (int c = 0; c < C; ++c) {
        const std::int64_t j = (c * kWarp + lane) * N;
        if (j >= columns) break;
#pragma unroll
        for (int i = 0; i < N; ++i) block_sum[j + i] = turn == 0 ? dweight[c][i] : block_sum[j + i] + dweight[c][i];
      }
    }
    __syncthreads();
  }
  for (std::int64_t j = threadIdx.x; j < columns; j += kThreads)
    partial[static_cast<std::int64_t>(blockIdx.x) * columns + j] = block_sum[j];
}

constexpr int kGroups = 16;

/// dweight[j] = sum over blocks of partial[block, j].
template <class T>
__global__ void add_partials(const float* partial, std::int64_t blocks, std::int64_t columns, T* dweight) {
  __shared__ float part[kGroups][kWarp];
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * kWarp + threadIdx.x;
  float sum = 0.0f;
  if (j < columns)
    for (std::int64_t block = threadIdx.y; block < blocks; block += kGroups) sum += partial[block * columns + j];
  part[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || j >= columns) return;
  for (int group = 1; group < kGroups; ++group) sum += part[group][threadIdx.x];
  dweight[j] = from_float<T>(sum);
}

unsigned backward_blocks(std::int64_t rows) {
  return static_cast<unsigned>(std::min<std::int64_t>(kMostBlocks, blocks_for(rows, kWarps)));
}

template <class T, int N, int C>
void launch_backward(const AddRmsNormBackwardArgs& a, float* partial, cudaStream_t stream) {
  backward<T, N, C>
      <<<backward_blocks(a.base.rows), kThreads, static_cast<std::size_t>(a.base.columns) * sizeof(float), stream>>>(
          a, partial);
}

template <class T, int N>
void choose_backward(const AddRmsNormBackwardArgs& a, float* partial, cudaStream_t stream) {
  const std::int64_t accesses = (a.base.columns + kWarp * N - 1) / (kWarp * N);
  if (accesses <= 1) return launch_backward<T, N, 1>(a, partial, stream);
  if (accesses <= 2) return launch_backward<T, N, 2>(a, partial, stream);
  if (accesses <= 4) return launch_backward<T, N, 4>(a, partial, stream);
  if (accesses <= 8) return launch_backward<T, N, 8>(a, partial, stream);
  if (accesses <= 16) return launch_backward<T, N, 16>(a, partial, stream);
  if (accesses <= 32) return launch_backward<T, N, 32>(a, partial, stream);
  throw std::runtime_error("CUDA kernel rmsnorm_backward: rows of " + std::to_string(a.base.columns) +
                           " columns are longer than it takes");
}

template <class T>
void run_forward(const AddRmsNormArgs& a, cudaStream_t stream) {
  const RmsNormArgs& n = a.norm;
  const unsigned blocks = blocks_for(n.rows, kWarps);
  if (wide<T>(n.columns, n.x_stride, {n.x, n.weight, n.y, a.delta, a.sum}))
    forward<T, kWide<T>><<<blocks, kThreads, 0, stream>>>(a);
  else
    forward<T, 1><<<blocks, kThreads, 0, stream>>>(a);
}

template <class T>
void run_backward(const AddRmsNormBackwardArgs& a, float* partial, cudaStream_t stream) {
  const RmsNormBackwardArgs& b = a.base;
  if (wide<T>(b.columns, b.x_stride, {b.x, b.weight, b.dy, b.dx, a.dsum}))
    choose_backward<T, kWide<T>>(a, partial, stream);
  else
    choose_backward<T, 1>(a, partial, stream);
}

}  // namespace

void add_rmsnorm(const AddRmsNormArgs& args, Stream stream) {
  if (args.norm.rows == 0) return;
  if (args.norm.dtype == DType::F32)
    run_forward<float>(args, native(stream));
  else
    run_forward<bf16>(args, native(stream));
  check_launch("rmsnorm");
}

std::int64_t rmsnorm_workspace(std::int64_t rows, std::int64_t columns) { return backward_blocks(rows) * columns; }

void add_rmsnorm_backward(const AddRmsNormBackwardArgs& args, float* workspace, Stream stream) {
  const RmsNormBackwardArgs& b = args.base;
  if (b.rows > 0) {
    if (b.dtype == DType::F32)
      run_backward<float>(args, workspace, native(stream));
    else
      run_backward<bf16>(args, workspace, native(stream));
  }
  const unsigned parts = b.rows > 0 ? backward_blocks(b.rows) : 0;
  const dim3 threads(kWarp, kGroups);
  if (b.dtype == DType::F32)
    add_partials<<<blocks_for(b.columns, kWarp), threads, 0, native(stream)>>>(workspace, parts, b.columns,
                                                                               static_cast<float*>(args.dweight));
  else
    add_partials<<<blocks_for(b.columns, kWarp), threads, 0, native(stream)>>>(workspace, parts, b.columns,
                                                                               static_cast<bf16*>(args.dweight));
  check_launch("rmsnorm_backward");
}

}  // namespace r1::kernels::cuda
