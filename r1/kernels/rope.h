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

/// Queries, keys and values of one product, x [T, (H + 2G) * width]: bias added (and rounded, as an addition of its own
/// would), queries and keys turned, each written on its own. A device kernel only.
struct QkvRopeArgs {
  std::int64_t tokens = 0, heads = 0, kv_heads = 0, width = 0;
  const void* x = nullptr;
  const void* bias = nullptr;  // [(H + 2G) * width] or null
  const std::int32_t* positions = nullptr;  // [T]
  const float* cos = nullptr;  // [positions, width / 2]
  const float* sin = nullptr;
  void* q = nullptr;  // [T, H, width]
  void* k = nullptr;  // [T, G, width]
  void* v = nullptr;  // [T, G, width]
  DType dtype = DType::F32;
};

/// The gradient of x from those of q, k and v.
struct QkvRopeBackwardArgs {
  QkvRopeArgs base;  // shapes, positions, angles
  const void* dq = nullptr;
  const void* dk = nullptr;
  const void* dv = nullptr;
  void* dx = nullptr;
};

}  // namespace r1::kernels
