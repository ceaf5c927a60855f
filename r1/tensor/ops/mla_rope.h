// The rotary part of multi-head latent attention: queries rotated, keys and values laid out per head.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// cos and sin of position * inverse frequency, [positions, rope / 2], float32 (YaRN's factors included).
struct RopeTable {
  at::Tensor cos;
  at::Tensor sin;
};

struct MlaHeads {
  at::Tensor q;  // [T, H, nope + rope]
  at::Tensor k;  // [T, H, nope + rope]
  at::Tensor v;  // [T, H, v]
};

struct MlaShape {
  std::int64_t heads = 0, nope = 0, rope = 0, v = 0;
};

/// q [T, H*(nope+rope)], kv [T, H*(nope+v)], k_pe [T, rope] (rows may be strided), positions [T] int32.
MlaHeads mla_rope(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_pe, const at::Tensor& positions,
                  const RopeTable& table,
                  const MlaShape& shape);  // NOLINT(readability-function-size): one operand each

/// Rotates the last `rope` elements of each of the H heads of x [T, H, width] in place (no gradient).
void rotate_in_place(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table, std::int64_t rope);

}  // namespace r1::tensor
