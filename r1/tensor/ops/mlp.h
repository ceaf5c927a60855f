// The SwiGLU feed-forward layer as one op.
#pragma once

#include "r1/tensor/ops/linear.h"

namespace r1::tensor {

/// x [T, D] -> (silu(x gate^T) * (x up^T)) down^T, [T, D]; gate and up [I, D], down [D, I]. On a GPU, where gate and up
/// are stacked (stacked.h), the activation [T, I] is not kept: the backward pass forms it again where it reads its
/// factors anyway.
at::Tensor swiglu_mlp(const at::Tensor& x, const LinearWeight& gate, const LinearWeight& up, const LinearWeight& down);

}  // namespace r1::tensor
