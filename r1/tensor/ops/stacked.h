// Weights that multiply the same rows, laid one below the other in memory: a GPU multiplies them as one matrix, which
// takes a third of the launches and fills it better than narrow products do. They stay parameters of their own, with
// names and gradients of their own.
#pragma once

#include <vector>

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// Moves the parts (matrices of equal width, or vectors) into one block of memory, in order. Call before gradients or
/// an optimizer exist. Sizes that would leave a part unaligned stay where they are.
void stack(const std::vector<at::Tensor*>& parts);

/// The parts as one tensor without a copy (and without gradient), if `stack` laid them so; else undefined.
at::Tensor stacked(const std::vector<at::Tensor>& parts);

}  // namespace r1::tensor
