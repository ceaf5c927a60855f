// What the CUDA kernels share: element types, 16-byte accesses, sums over a warp and a block in one fixed order, and
// the check after a launch. Arithmetic is float32 inside.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "r1/kernels/cuda/kernels.h"

namespace r1::kernels::cuda {

using bf16 = __nv_bfloat16;
constexpr int kWarp = 32;

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(bf16 x) { return __bfloat162float(x); }
template <class T>
__device__ inline T from_float(float x);
template <>
__device__ inline float from_float<float>(float x) {
  return x;
}
template <>
__device__ inline bf16 from_float<bf16>(float x) {
  return __float2bfloat16_rn(x);
}
template <class T>
__device__ inline float rounded(float x) {
  return to_float(from_float<T>(x));
}

/// N neighbouring elements, moved in one access.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T at[N];
};
template <class T, int N>
__device__ inline Pack<T, N> load(const T* p) {
  return *reinterpret_cast<const Pack<T, N>*>(p);
}
template <class T, int N>
__device__ inline void store(T* p, const Pack<T, N>& v) {
  *reinterpret_cast<Pack<T, N>*>(p) = v;
}
template <class T>
constexpr int kWide = 16 / static_cast<int>(sizeof(T));

__device__ inline float warp_sum(float x) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}
__device__ inline float warp_max(float x) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
  return x;
}

inline cudaStream_t native(Stream stream) { return static_cast<cudaStream_t>(stream); }

inline void check_launch(const char* name) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess)
    throw std::runtime_error(std::string("CUDA kernel ") + name + ": " + cudaGetErrorString(error));
}

/// True when rows of `columns` elements at these addresses can be read 16 bytes at a time.
template <class T>
bool wide(std::int64_t columns, std::int64_t stride, std::initializer_list<const void*> pointers) {
  if (columns % kWide<T> != 0 || stride % kWide<T> != 0) return false;
  for (const void* p : pointers)
    if (reinterpret_cast<std::uintptr_t>(p) % 16 != 0) return false;
  return true;
}

inline unsigned blocks_for(std::int64_t items, std::int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

}  // namespace r1::kernels::cuda
