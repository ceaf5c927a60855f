// Mixture of experts: routing and routed experts. Each expert works on its tokens' rows in one product; a token's
// experts are summed in slot order. No token is ever dropped.
#pragma once

#include "r1/kernels/moe.h"
#include "r1/tensor/ops/linear.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

struct Routing {
  at::Tensor scores;   // [T, E] float32 scores, unbiased
  at::Tensor experts;  // [T, K] int32, best first
  at::Tensor weights;  // [T, K] float32
};

/// logits [T, E] float32, bias [E] float32 (selection only, no gradient; undefined: none).
Routing route(const at::Tensor& logits, const at::Tensor& bias, const kernels::RouteConfig& config);

/// x [T, D]; gate_up [E, 2I, D] (gate rows first), down [E, D, I] -> [T, D].
at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const LinearWeight& gate_up,
                       const LinearWeight& down);

}  // namespace r1::tensor
