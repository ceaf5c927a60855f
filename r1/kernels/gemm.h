// Matrix product C[M,N] = A[M,K] * B[K,N] (+ C) with one reduction order per output element: products are added one by
// one over k inside blocks of 256, the blocks in order. A row of C therefore never depends on M, on the row's place or
// on the number of threads: the base of r1's batch invariance (docs/architecture.md). B is packed once and kept as long
// as the weight lives.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

/// Floats that the packed form of a [k, n] matrix takes.
std::int64_t packed_size(std::int64_t k, std::int64_t n);

/// Packs B[K,N] given by strides into float32 panels: element (i, j) is source[i * stride_k + j * stride_n].
struct PackArgs {
  const void* source = nullptr;
  DType dtype = DType::F32;
  std::int64_t k = 0, n = 0;
  std::int64_t stride_k = 0, stride_n = 0;  // in elements
  float* packed = nullptr;  // packed_size(k, n) floats, 64-byte aligned
};
void pack(const PackArgs& args);

/// a: element (i, p) is a[i * stride_m + p * stride_k]; c: row-major with leading dimension ldc.
struct GemmArgs {
  std::int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  DType a_dtype = DType::F32;
  std::int64_t stride_m = 0, stride_k = 1;
  const float* packed_b = nullptr;
  void* c = nullptr;
  DType c_dtype = DType::F32;  // F32 only when accumulate is set
  std::int64_t ldc = 0;
  bool accumulate = false;  // c += a * b
};
void gemm(const GemmArgs& args);

}  // namespace r1::kernels
