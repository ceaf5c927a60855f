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
  void* y = nullptr;         // the forward pass's result once more, contiguous, so that nobody keeps it; may be null
  DType dtype = DType::F32;
};
void swiglu_backward(const SwigluBackwardArgs& args);

/// The gradient of sum_i weight_i swiglu(gate_i, up_i) W, of rows that are experts' slots, given dy = dout W^T before
/// the weight. A device kernel only.
struct SlotSwigluBackwardArgs {
  SwigluBackwardArgs base;          // base.y: weight * y
  const float* weights = nullptr;   // [rows]
  float* dweights = nullptr;        // [rows]: <dy, y>
};

}  // namespace r1::kernels
