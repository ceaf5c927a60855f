// Dense feed-forward layer (mlp.h).
#include "r1/model/layers/mlp.h"

#include "r1/tensor/ops/mlp.h"
#include "r1/tensor/ops/stacked.h"

namespace r1::model {

at::Tensor Mlp::forward(const at::Tensor& x) const { return tensor::swiglu_mlp(x, gate_proj_, up_proj_, down_proj_); }

void Mlp::stack_weights() { tensor::stack({&gate_proj_.weight, &up_proj_.weight}); }

void Mlp::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  visit(adaptable(prefix + "gate_proj.weight", gate_proj_, intermediate_size_, hidden_size_));
  visit(adaptable(prefix + "up_proj.weight", up_proj_, intermediate_size_, hidden_size_));
  visit(adaptable(prefix + "down_proj.weight", down_proj_, hidden_size_, intermediate_size_));
}

}  // namespace r1::model
