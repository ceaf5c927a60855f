// RMSNorm over the last dimension.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// x [T, D] (rows may be strided: a slice of a wider tensor), weight [D] -> [T, D] contiguous.
at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// The residual stream after an addition, and its norm: {x + delta, rmsnorm(x + delta)}, one kernel on a GPU.
struct SumAndNorm {
  at::Tensor sum, normed;
};
SumAndNorm add_rmsnorm(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& weight, double eps);

}  // namespace r1::tensor
