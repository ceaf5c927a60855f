// One decoder layer: x + MLA(norm(x)), then + FFN(norm(x)); the FFN is dense in the first layers and MoE in the others.
#pragma once

#include <optional>

#include "r1/model/layers/mla.h"
#include "r1/model/layers/mlp.h"
#include "r1/model/layers/moe.h"

namespace r1::model {

class Block {
 public:
  Block(const DeepseekV3Config& config, bool dense);

  at::Tensor forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table, std::size_t layer,
                     RoutingStats* stats) const;
  void stack_weights();  // as Decoder's
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  double eps_;
  std::int64_t hidden_size_;
  at::Tensor input_norm_, post_attention_norm_;
  Mla attention_;
  std::optional<Mlp> dense_;
  std::optional<Moe> moe_;
};

}  // namespace r1::model
