// Decoder layer (block.h).
#include "r1/model/layers/block.h"

#include "r1/tensor/ops/rmsnorm.h"

namespace r1::model {

namespace {

/// DeepSeek-V3's router: sigmoid scores, a selection bias, groups by their two best choices; DeepSeek-V2's: softmax
/// scores, groups by their best one.
MoeConfig moe_of(const DeepseekV3Config& c) {
  const bool v2 = c.model_type == "deepseek_v2";
  return {.hidden_size = c.hidden_size,
          .moe_intermediate_size = c.moe_intermediate_size,
          .shared_intermediate_size = c.moe_intermediate_size * c.n_shared_experts,
          .selection_bias = !v2,
          .route = {.experts = c.n_routed_experts,
                    .top_k = c.num_experts_per_tok,
                    .groups = c.n_group,
                    .top_groups = c.topk_group,
                    .group_best = v2 ? 1 : 2,
                    .scoring = v2 ? kernels::RouteScoring::Softmax : kernels::RouteScoring::Sigmoid,
                    .normalize = c.norm_topk_prob,
                    .scale = static_cast<float>(c.routed_scaling_factor)}};
}

}  // namespace

Block::Block(const DeepseekV3Config& config, bool dense)
    : eps_(config.rms_norm_eps), hidden_size_(config.hidden_size), attention_(config) {
  if (dense)
    dense_.emplace(config.hidden_size, config.intermediate_size);
  else
    moe_.emplace(moe_of(config));
}

at::Tensor Block::forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                          std::size_t layer, RoutingStats* stats) const {
  const auto [attended, normed] = tensor::add_rmsnorm(
      x, attention_.forward(tensor::rmsnorm(x, input_norm_, eps_), input, table, layer), post_attention_norm_, eps_);
  return attended + (dense_ ? dense_->forward(normed) : moe_->forward(normed, stats));
}

void Block::stack_weights() { dense_ ? dense_->stack_weights() : moe_->stack_weights(); }

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
