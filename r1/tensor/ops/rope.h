// Rotary embedding in the halves' layout (Llama, Qwen): element i turns with element i + width / 2. MLA's interleaved
// layout is mla_rope.h's.
#pragma once

#include "r1/tensor/ops/mla_rope.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

/// x [T, H, width], positions [T] int32, table of width / 2 columns -> [T, H, width] contiguous. Differentiable.
at::Tensor rope_halves(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table);

}  // namespace r1::tensor
