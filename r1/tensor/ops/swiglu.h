// SwiGLU: silu(gate) * up.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// gate, up [T, I] contiguous -> [T, I].
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

}  // namespace r1::tensor
