// The decoupled rotary embedding of MLA (DeepSeek-V2 eq. 14-19): rotates the last `rope` elements of every query head
// and the one shared key part, and lays out expanded keys and values. Pairs are interleaved (2i, 2i+1), the
// checkpoint's own order.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

/// T tokens, H heads. q [T, H, nope+rope] -> q_out of the same shape; kv [T, H, nope+v] and k_pe [T, rope] (row stride
/// k_pe_stride) -> k_out [T, H, nope+rope], v_out [T, H, v]. cos, sin: [positions, rope/2].
struct MlaRopeArgs {
  std::int64_t tokens = 0, heads = 0, nope = 0, rope = 0, v = 0;
  const void* q = nullptr;
  const void* kv = nullptr;
  const void* k_pe = nullptr;
  std::int64_t k_pe_stride = 0;
  const std::int32_t* positions = nullptr;  // [T]
  const float* cos = nullptr;
  const float* sin = nullptr;
  void* q_out = nullptr;
  void* k_out = nullptr;
  void* v_out = nullptr;
  DType dtype = DType::F32;
};
void mla_rope(const MlaRopeArgs& args);

/// Gradients of the three outputs -> gradients of the three inputs; all contiguous.
struct MlaRopeBackwardArgs {
  std::int64_t tokens = 0, heads = 0, nope = 0, rope = 0, v = 0;
  const void* dq_out = nullptr;
  const void* dk_out = nullptr;
  const void* dv_out = nullptr;
  const std::int32_t* positions = nullptr;
  const float* cos = nullptr;
  const float* sin = nullptr;
  void* dq = nullptr;
  void* dkv = nullptr;
  void* dk_pe = nullptr;  // [T, rope]
  DType dtype = DType::F32;
};
void mla_rope_backward(const MlaRopeBackwardArgs& args);

/// Rotates the last `rope` of each row's `width` elements in place: rows [T * heads, width], for the absorbed form.
struct RotateArgs {
  std::int64_t tokens = 0, heads = 0, width = 0, rope = 0;
  void* x = nullptr;
  const std::int32_t* positions = nullptr;
  const float* cos = nullptr;
  const float* sin = nullptr;
  DType dtype = DType::F32;
};
void rotate(const RotateArgs& args);

}  // namespace r1::kernels
