// Rotary embedding in the halves' layout (Llama, Qwen): element i of a head turns with element i + width / 2. A device
// kernel only: on the CPU it is a composition of ATen's operators (tensor/ops/rope.cc).
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

struct RopeHalvesArgs {
  std::int64_t tokens = 0, heads = 0, width = 0;
  const void* x = nullptr;                  // [T, H, width], contiguous
  const std::int32_t* positions = nullptr;  // [T]
  const float* cos = nullptr;               // [positions, width / 2]
  const float* sin = nullptr;
  float sign = 1.0f;  // -1 turns back: the gradient
  void* out = nullptr;  // like x
  DType dtype = DType::F32;
};

}  // namespace r1::kernels
