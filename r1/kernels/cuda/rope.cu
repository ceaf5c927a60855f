// Rotary embedding: halves (kernels/rope.h), and MLA's interleaved layout (kernels/mla_rope.h).
#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 256;

/// A pair turned, with one fused step for each of both written out: all kernels round alike.
__device__ inline float2 turned_pair(float x, float y, float cos, float sin) {
  return {__fmaf_rn(x, cos, -__fmul_rn(y, sin)), __fmaf_rn(y, cos, __fmul_rn(x, sin))};
}

/// An item: N neighbouring elements of the first half of one head, with their partners.
template <class T, int N>
__global__ void halves(RopeHalvesArgs a) {
  const std::int64_t half = a.width / 2;
  const std::uint32_t per_head = static_cast<std::uint32_t>(half / N);
  const std::uint32_t item = blockIdx.x * kThreads + threadIdx.x;
  if (item >= a.tokens * a.heads * per_head) return;
  const std::uint32_t head = item / per_head, token = head / static_cast<std::uint32_t>(a.heads);
  const std::int64_t column = static_cast<std::int64_t>(item % per_head) * N;
  const std::int64_t at = static_cast<std::int64_t>(head) * a.width + column;
  const std::int64_t angle = a.positions[token] * half + column;
  const Pack<T, N> x = load<T, N>(static_cast<const T*>(a.x) + at);
  const Pack<T, N> y = load<T, N>(static_cast<const T*>(a.x) + at + half);
  Pack<T, N> out_x, out_y;
#pragma unroll
  for (int i = 0; i < N; ++i) {
    const float2 pair = turned_pair(to_float(x.at[i]), to_float(y.at[i]), a.cos[angle + i], a.sign * a.sin[angle + i]);
    out_x.at[i] = from_float<T>(pair.x);
    out_y.at[i] = from_float<T>(pair.y);
  }
  store<T, N>(static_cast<T*>(a.out) + at, out_x);
  store<T, N>(static_cast<T*>(a.out) + at + half, out_y);
}

template <class T>
void run_halves(const RopeHalvesArgs& a, cudaStream_t stream) {
  const std::int64_t pairs = a.tokens * a.heads * (a.width / 2);
  if (wide<T>(a.width / 2, 0, {a.x, a.out}))
    halves<T, kWide<T>><<<blocks_for(pairs / kWide<T>, kThreads), kThreads, 0, stream>>>(a);
  else
    halves<T, 1><<<blocks_for(pairs, kThreads), kThreads, 0, stream>>>(a);
}

/// Head `head` of a token's queries, keys and values in three tensors.
template <class T>
__device__ inline T* head_at(const QkvRopeArgs& a, std::int64_t token, int head, T* q, T* k, T* v) {
  const int heads = static_cast<int>(a.heads), kv_heads = static_cast<int>(a.kv_heads);
  if (head < heads) return q + (token * heads + head) * a.width;
  if (head < heads + kv_heads) return k + (token * kv_heads + head - heads) * a.width;
  return v + (token * kv_heads + head - heads - kv_heads) * a.width;
}

/// An item as of `halves`, of all heads of a token. `turn` 1: from the product to the three; -1: from their gradients
/// to the product's.
template <class T, int N, int turn>
__global__ void qkv_halves(QkvRopeArgs a, T* q, T* k, T* v, T* x) {
  const std::int64_t half = a.width / 2;
  const std::uint32_t per_head = static_cast<std::uint32_t>(half / N);
  const std::uint32_t all = static_cast<std::uint32_t>(a.heads + 2 * a.kv_heads);
  const std::uint32_t item = blockIdx.x * kThreads + threadIdx.x;
  if (item >= a.tokens * all * per_head) return;
  const std::uint32_t row = item / per_head, token = row / all, head = row % all;
  const std::int64_t column = static_cast<std::int64_t>(item % per_head) * N;
  T* const apart = head_at<T>(a, token, static_cast<int>(head), q, k, v) + column;
  T* const together = x + static_cast<std::int64_t>(row) * a.width + column;
  const T* from = turn == 1 ? together : apart;
  T* to = turn == 1 ? apart : together;
  Pack<T, N> first = load<T, N>(from), second = load<T, N>(from + half);
  if (turn == 1 && a.bias != nullptr) {
    const T* bias = static_cast<const T*>(a.bias) + head * a.width + column;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      first.at[i] = from_float<T>(to_float(first.at[i]) + to_float(bias[i]));
      second.at[i] = from_float<T>(to_float(second.at[i]) + to_float(bias[half + i]));
    }
  }
  if (head < a.heads + a.kv_heads) {
    const std::int64_t angle = a.positions[token] * half + column;
#pragma unroll
    for (int i = 0; i < N; ++i) {
      const float2 pair =
          turned_pair(to_float(first.at[i]), to_float(second.at[i]), a.cos[angle + i], turn * a.sin[angle + i]);
      first.at[i] = from_float<T>(pair.x);
      second.at[i] = from_float<T>(pair.y);
    }
  }
  store<T, N>(to, first);
  store<T, N>(to + half, second);
}

template <class T, int turn>
void run_qkv(const QkvRopeArgs& a, T* q, T* k, T* v, T* x, cudaStream_t stream) {
  const std::int64_t pairs = a.tokens * (a.heads + 2 * a.kv_heads) * (a.width / 2);
  if (pairs >= (std::int64_t{1} << 32)) throw std::runtime_error("CUDA kernel qkv_rope: more than 2^32 elements");
  if (wide<T>(a.width / 2, 0, {q, k, v, x}))
    qkv_halves<T, kWide<T>, turn><<<blocks_for(pairs / kWide<T>, kThreads), kThreads, 0, stream>>>(a, q, k, v, x);
  else
    qkv_halves<T, 1, turn><<<blocks_for(pairs, kThreads), kThreads, 0, stream>>>(a, q, k, v, x);
}

template <class T>
void run_qkv(const QkvRopeArgs& a, cudaStream_t stream) {
  run_qkv<T, 1>(a, static_cast<T*>(a.q), static_cast<T*>(a.k), static_cast<T*>(a.v),
                static_cast<T*>(const_cast<void*>(a.x)), stream);  // only read
}

template <class T>
void run_qkv(const QkvRopeBackwardArgs& a, cudaStream_t stream) {
  const auto gradient = [](const void* p) { return static_cast<T*>(const_cast<void*>(p)); };  // only read
  run_qkv<T, -1>(a.base, gradient(a.dq), gradient(a.dk), gradient(a.dv), static_cast<T*>(a.dx), stream);
}

/// Element `i` of a turned vector of pairs at `x`.
template <class T>
__device__ inline float turned(const T* x, int i, const float* cos, const float* sin, float sign) {
  const float a = to_float(x[i & ~1]), b = to_float(x[i | 1]);
  const float c = cos[i / 2], s = sign * sin[i / 2];
  return (i & 1) == 0 ? a * c - b * s : b * c + a * s;
}

/// One block a token; every thread takes elements of all heads.
template <class T>
__global__ void mla_forward(MlaRopeArgs a) {
  const std::int64_t token = blockIdx.x;
  const int nope = static_cast<int>(a.nope), rope = static_cast<int>(a.rope), v = static_cast<int>(a.v);
  const int qk = nope + rope, heads = static_cast<int>(a.heads), all = qk + v;
  const float* cos = a.cos + a.positions[token] * (rope / 2);
  const float* sin = a.sin + a.positions[token] * (rope / 2);
  const T* k_pe = static_cast<const T*>(a.k_pe) + token * a.k_pe_stride;
  for (int item = threadIdx.x; item < heads * all; item += kThreads) {
    const int head = item / all, j = item % all;
    const std::int64_t row = token * heads + head;
    const T* q = static_cast<const T*>(a.q) + row * qk;
    const T* kv = static_cast<const T*>(a.kv) + row * (nope + v);
    if (j >= qk) {
      static_cast<T*>(a.v_out)[row * v + j - qk] = kv[nope + j - qk];
    } else if (j < nope) {
      static_cast<T*>(a.q_out)[row * qk + j] = q[j];
      static_cast<T*>(a.k_out)[row * qk + j] = kv[j];
    } else {
      static_cast<T*>(a.q_out)[row * qk + j] = from_float<T>(turned(q + nope, j - nope, cos, sin, 1.0f));
      static_cast<T*>(a.k_out)[row * qk + j] = from_float<T>(turned(k_pe, j - nope, cos, sin, 1.0f));
    }
  }
}

template <class T>
__global__ void mla_backward(MlaRopeBackwardArgs a) {
  extern __shared__ float shared_pe[];  // [rope]: the gradient of the shared key, heads summed in order
  const std::int64_t token = blockIdx.x;
  const int nope = static_cast<int>(a.nope), rope = static_cast<int>(a.rope), v = static_cast<int>(a.v);
  const int qk = nope + rope, heads = static_cast<int>(a.heads), all = qk + v;
  const float* cos = a.cos + a.positions[token] * (rope / 2);
  const float* sin = a.sin + a.positions[token] * (rope / 2);
  for (int item = threadIdx.x; item < heads * all; item += kThreads) {
    const int head = item / all, j = item % all;
    const std::int64_t row = token * heads + head;
    const T* dq_out = static_cast<const T*>(a.dq_out) + row * qk;
    T* dkv = static_cast<T*>(a.dkv) + row * (nope + v);
    if (j >= qk) {
      dkv[nope + j - qk] = static_cast<const T*>(a.dv_out)[row * v + j - qk];
    } else if (j < nope) {
      static_cast<T*>(a.dq)[row * qk + j] = dq_out[j];
      dkv[j] = static_cast<const T*>(a.dk_out)[row * qk + j];
    } else {
      static_cast<T*>(a.dq)[row * qk + j] = from_float<T>(turned(dq_out + nope, j - nope, cos, sin, -1.0f));
    }
  }
  for (int i = threadIdx.x; i < rope; i += kThreads) {
    float sum = 0.0f;
    for (int head = 0; head < heads; ++head)
      sum += to_float(static_cast<const T*>(a.dk_out)[(token * heads + head) * qk + nope + i]);
    shared_pe[i] = sum;
  }
  __syncthreads();
  for (int i = threadIdx.x; i < rope; i += kThreads)
    static_cast<T*>(a.dk_pe)[token * rope + i] = from_float<T>(turned(shared_pe, i, cos, sin, -1.0f));
}

template <class T>
__global__ void rotate_rows(RotateArgs a) {
  const std::int64_t token = blockIdx.x;
  const int pairs = static_cast<int>(a.rope / 2);
  const float* cos = a.cos + a.positions[token] * pairs;
  const float* sin = a.sin + a.positions[token] * pairs;
  for (int item = threadIdx.x; item < a.heads * pairs; item += kThreads) {
    T* x = static_cast<T*>(a.x) + (token * a.heads + item / pairs + 1) * a.width - a.rope;
    const int i = item % pairs;
    const float p = to_float(x[2 * i]), q = to_float(x[2 * i + 1]);
    x[2 * i] = from_float<T>(p * cos[i] - q * sin[i]);
    x[2 * i + 1] = from_float<T>(q * cos[i] + p * sin[i]);
  }
}

}  // namespace

void rope_halves(const RopeHalvesArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  if (args.dtype == DType::F32)
    run_halves<float>(args, native(stream));
  else
    run_halves<bf16>(args, native(stream));
  check_launch("rope_halves");
}

void qkv_rope(const QkvRopeArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  args.dtype == DType::F32 ? run_qkv<float>(args, native(stream)) : run_qkv<bf16>(args, native(stream));
  check_launch("qkv_rope");
}

void qkv_rope_backward(const QkvRopeBackwardArgs& args, Stream stream) {
  if (args.base.tokens == 0) return;
  args.base.dtype == DType::F32 ? run_qkv<float>(args, native(stream)) : run_qkv<bf16>(args, native(stream));
  check_launch("qkv_rope_backward");
}

void mla_rope(const MlaRopeArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  const auto blocks = static_cast<unsigned>(args.tokens);
  if (args.dtype == DType::F32)
    mla_forward<float><<<blocks, kThreads, 0, native(stream)>>>(args);
  else
    mla_forward<bf16><<<blocks, kThreads, 0, native(stream)>>>(args);
  check_launch("mla_rope");
}

void mla_rope_backward(const MlaRopeBackwardArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  const auto blocks = static_cast<unsigned>(args.tokens);
  const std::size_t shared = static_cast<std::size_t>(args.rope) * sizeof(float);
  if (args.dtype == DType::F32)
    mla_backward<float><<<blocks, kThreads, shared, native(stream)>>>(args);
  else
    mla_backward<bf16><<<blocks, kThreads, shared, native(stream)>>>(args);
  check_launch("mla_rope_backward");
}

void rotate(const RotateArgs& args, Stream stream) {
  if (args.tokens == 0) return;
  const auto blocks = static_cast<unsigned>(args.tokens);
  if (args.dtype == DType::F32)
    rotate_rows<float><<<blocks, kThreads, 0, native(stream)>>>(args);
  else
    rotate_rows<bf16><<<blocks, kThreads, 0, native(stream)>>>(args);
  check_launch("rotate");
}

}  // namespace r1::kernels::cuda
