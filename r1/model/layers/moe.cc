// Mixture of experts (moe.h).
#include "r1/model/layers/moe.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/topk.h>

#include "r1/core/error.h"

namespace r1::model {

namespace {

at::Tensor count_loads(const at::Tensor& experts, std::int64_t num_experts) {
  if (experts.is_cuda()) {
    const at::Tensor chosen = experts.flatten().to(at::kLong);
    return at::zeros({num_experts}, chosen.options()).scatter_add_(0, chosen, at::ones_like(chosen));
  }
  at::Tensor loads = at::zeros({num_experts}, at::TensorOptions().dtype(at::kLong));
  const std::int32_t* chosen = experts.const_data_ptr<std::int32_t>();
  std::int64_t* out = loads.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < experts.numel(); ++i) ++out[chosen[i]];
  return loads;
}

}  // namespace

at::Tensor sequence_balance(const at::Tensor& scores, std::int64_t top_k, std::int64_t sequence_length) {
  const std::int64_t tokens = scores.size(0), experts = scores.size(1);
  R1_CHECK(sequence_length > 0 && tokens % sequence_length == 0, "balance loss: {} tokens in sequences of {}", tokens,
           sequence_length);
  const std::int64_t sequences = tokens / sequence_length;
  at::Tensor share = at::zeros({sequences, experts}, scores.options().requires_grad(false));
  {
    const at::NoGradGuard no_grad;
    const at::Tensor best = std::get<1>(at::topk(scores, top_k, 1)).contiguous();
    const float unit = static_cast<float>(experts) / static_cast<float>(top_k * sequence_length);
    if (scores.is_cuda()) {
      const at::Tensor chosen = best.view({sequences, sequence_length * top_k});
      share.scatter_add_(1, chosen, at::full(chosen.sizes(), unit, share.options()));
    } else {
      const std::int64_t* chosen = best.const_data_ptr<std::int64_t>();
      float* f = share.mutable_data_ptr<float>();
      for (std::int64_t i = 0; i < tokens * top_k; ++i) f[i / top_k / sequence_length * experts + chosen[i]] += unit;
    }
  }
  const at::Tensor normalized = scores / scores.sum(1, true);
  const at::Tensor mean = normalized.view({sequences, sequence_length, experts}).mean(1);
  return (share * mean).sum() / static_cast<double>(sequences);
}

Moe::Moe(const MoeConfig& config) : config_(config) {
  if (config.shared_intermediate_size > 0) shared_.emplace(config.hidden_size, config.shared_intermediate_size);
}

at::Tensor Moe::forward(const at::Tensor& x, RoutingStats* stats) const {
  const tensor::Routing routing = tensor::route(tensor::linear(x, gate_, true), bias_, config_.route);
  if (stats != nullptr) {
    stats->loads.push_back(count_loads(routing.experts, config_.route.experts));
    if (stats->sequence_length > 0)
      stats->balance_losses.push_back(sequence_balance(routing.scores, config_.route.top_k, stats->sequence_length));
  }
  const at::Tensor routed = tensor::moe_experts(x, routing, gate_up_, down_);
  return shared_ ? routed + shared_->forward(x) : routed;
}

void Moe::stack_weights() {
  if (shared_) shared_->stack_weights();
}

void Moe::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  const std::int64_t E = config_.route.experts, I = config_.moe_intermediate_size, D = config_.hidden_size;
  visit({prefix + "gate.weight", &gate_.weight, {E, D}});
  if (config_.selection_bias)
    visit({prefix + "gate.e_score_correction_bias", &bias_, {E}, Parameter::Kind::RouterBias});
  visit({prefix + "experts.gate_up_proj", &gate_up_.weight, {E, 2 * I, D}});
  visit({prefix + "experts.down_proj", &down_.weight, {E, D, I}});
  if (shared_) shared_->parameters(prefix + "shared_experts.", visit);
}

}  // namespace r1::model
