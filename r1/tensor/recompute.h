// Activation checkpointing (Chen et al. 2016): a part of a model keeps its inputs alone and runs once more in the
// backward pass. Memory for time; the gradients have the same bits, since every op gives the same bits again.
#pragma once

#include <functional>
#include <vector>

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// Takes tensors to fresh tensors of a floating type; what else it reads (parameters, tables) must not change before
/// the backward pass.
using Work = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& inputs)>;

/// work(inputs). Where gradients are recorded, nothing of it is kept but `inputs` and `work`, which runs a second time
/// in the backward pass, where the gradients of its parameters are added to theirs.
std::vector<at::Tensor> recomputed(const Work& work, const std::vector<at::Tensor>& inputs);

}  // namespace r1::tensor
