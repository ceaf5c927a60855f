// Decoder layer (block.h).
#include "r1/model/layers/block.h"

#include "r1/tensor/ops/rmsnorm.h"

namespace r1::model {

Block::Block(const DeepseekV3Config& config, bool dense)
    : eps_(config.rms_norm_eps), hidden_size_(config.hidden_size), attention_(config) {
  if (dense)
    dense_.emplace(config.hidden_size, config.intermediate_size);
  else
    moe_.emplace(config);
}

at::Tensor Block::forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                          std::size_t layer, RoutingStats* stats) const {
  const at::Tensor attended = x + attention_.forward(tensor::rmsnorm(x, input_norm_, eps_), input, table, layer);
  const at::Tensor normed = tensor::rmsnorm(attended, post_attention_norm_, eps_);
  return attended + (dense_ ? dense_->forward(normed) : moe_->forward(normed, stats));
}

void Block::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  visit({prefix + "input_layernorm.weight", &input_norm_, {hidden_size_}, Parameter::Kind::Norm});
  attention_.parameters(prefix + "self_attn.", visit);
  visit({prefix + "post_attention_layernorm.weight", &post_attention_norm_, {hidden_size_}, Parameter::Kind::Norm});
  if (dense_)
    dense_->parameters(prefix + "mlp.", visit);
  else
    moe_->parameters(prefix + "mlp.", visit);
}

}  // namespace r1::model
