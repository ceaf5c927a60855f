// Dense feed-forward layer (mlp.h).
#include "r1/model/layers/mlp.h"

#include "r1/tensor/ops/swiglu.h"

namespace r1::model {

at::Tensor Mlp::forward(const at::Tensor& x) const {
  const std::vector<at::Tensor> both = tensor::linears(x, {&gate_proj_, &up_proj_});
  return tensor::linear(tensor::swiglu(both[0], both[1]), down_proj_);
}

void Mlp::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  visit(adaptable(prefix + "gate_proj.weight", gate_proj_, intermediate_size_, hidden_size_));
  visit(adaptable(prefix + "up_proj.weight", up_proj_, intermediate_size_, hidden_size_));
  visit(adaptable(prefix + "down_proj.weight", down_proj_, hidden_size_, intermediate_size_));
}

}  // namespace r1::model
