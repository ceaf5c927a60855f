// How our ops join libtorch's autograd graph: compute the outputs, then record one function that turns the gradients of
// the outputs into those of the inputs. The function owns what it captures; capture outputs only detached (a cycle
// would leak).
#pragma once

#include <functional>
#include <vector>

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// grads[i] belongs to outputs[i] and may be undefined (no gradient reached it). Returns one gradient per input;
/// undefined = none.
using Backward = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& grads)>;

/// True when gradients are recorded and one of the inputs wants one.
bool needs_grad(std::initializer_list<at::Tensor> inputs);

/// Makes `outputs` (fresh tensors) the results of a function of `inputs`. Call only if needs_grad(inputs).
void record(const char* name, std::vector<at::Tensor> outputs, const std::vector<at::Tensor>& inputs,
            Backward backward);

}  // namespace r1::tensor
