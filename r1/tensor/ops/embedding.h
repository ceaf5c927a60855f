// Rows of the embedding table.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// ids [T] int64, weight [V, D] -> [T, D]. The gradient adds token by token in order.
at::Tensor embedding(const at::Tensor& ids, const at::Tensor& weight);

}  // namespace r1::tensor
