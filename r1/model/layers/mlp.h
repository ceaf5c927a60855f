// The dense SwiGLU feed-forward layer: first layers of the model, and the shared experts of the others.
#pragma once

#include "r1/model/parameter.h"
#include "r1/tensor/ops/linear.h"

namespace r1::model {

class Mlp {
 public:
  Mlp(std::int64_t hidden_size, std::int64_t intermediate_size)
      : hidden_size_(hidden_size), intermediate_size_(intermediate_size) {}

  /// x [T, hidden] -> [T, hidden].
  at::Tensor forward(const at::Tensor& x) const;
  void stack_weights();  // as Decoder's
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  std::int64_t hidden_size_, intermediate_size_;
  tensor::LinearWeight gate_proj_, up_proj_, down_proj_;
};

}  // namespace r1::model
