// SwiGLU: y = silu(gate) * up, element by element, in float32, rounded once to the storage type.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

/// gate and up are [rows, columns] with their own row strides (halves of one fused product, or two tensors); y is
/// contiguous.
struct SwigluArgs {
  std::int64_t rows = 0, columns = 0;
  const void* gate = nullptr;
  const void* up = nullptr;
  std::int64_t stride = 0;  // row stride of gate and up
  void* y = nullptr;
  DType dtype = DType::F32;
};
void swiglu(const SwigluArgs& args);

struct SwigluBackwardArgs {
  std::int64_t rows = 0, columns = 0;
  const void* gate = nullptr;
  const void* up = nullptr;
  std::int64_t stride = 0;
  const void* dy = nullptr;  // contiguous
  void* dgate = nullptr;
  void* dup = nullptr;
  std::int64_t dstride = 0;  // row stride of dgate and dup
  DType dtype = DType::F32;
};
void swiglu_backward(const SwigluBackwardArgs& args);

}  // namespace r1::kernels
