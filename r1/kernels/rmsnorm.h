// RMSNorm over rows: y = x / sqrt(mean(x^2) + eps) rounded to the storage type, times weight (the order of Hugging
// Face's code).
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

struct RmsNormArgs {
  std::int64_t rows = 0, columns = 0;
  const void* x = nullptr;       // [rows, columns], row stride x_stride
  std::int64_t x_stride = 0;
  const void* weight = nullptr;  // [columns]
  void* y = nullptr;             // [rows, columns], contiguous
  float* inverse_rms = nullptr;  // [rows], kept for the backward pass; may be null
  float eps = 1e-6f;
  DType dtype = DType::F32;      // of x, weight and y
};
void rmsnorm(const RmsNormArgs& args);

struct RmsNormBackwardArgs {
  std::int64_t rows = 0, columns = 0;
  const void* x = nullptr;
  std::int64_t x_stride = 0;
  const void* weight = nullptr;
  const void* dy = nullptr;            // contiguous
  const float* inverse_rms = nullptr;  // [rows]
  void* dx = nullptr;                  // contiguous
  float* dweight = nullptr;            // [columns], overwritten
  DType dtype = DType::F32;            // of x, weight, dy and dx
};
void rmsnorm_backward(const RmsNormBackwardArgs& args);

}  // namespace r1::kernels
