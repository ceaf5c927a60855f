// RMSNorm over the last dimension.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// x [T, D] (rows may be strided: a slice of a wider tensor), weight [D] -> [T, D] contiguous.
at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps);

}  // namespace r1::tensor
