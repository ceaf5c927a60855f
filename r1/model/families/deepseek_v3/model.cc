// The decoder (model.h).
#include "r1/model/families/deepseek_v3/model.h"

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/model/layers/rope_table.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/embedding.h"
#include "r1/tensor/ops/rmsnorm.h"
#include "r1/tensor/threads.h"

namespace r1::model {

namespace {

at::Tensor fresh(const Parameter& parameter, at::ScalarType dtype, double std, const core::RngKey& key) {
  if (parameter.kind == Parameter::Kind::RouterBias)
    return at::zeros(parameter.sizes, at::TensorOptions().dtype(at::kFloat));
  at::Tensor values = tensor::empty_f32(parameter.sizes);
  float* out = values.mutable_data_ptr<float>();
  core::Rng rng(key);
  for (std::int64_t i = 0; i < values.numel(); ++i)
    out[i] = parameter.kind == Parameter::Kind::Norm ? 1.0f : static_cast<float>(std * rng.normal());
  return values.to(dtype);
}

}  // namespace

DeepseekV3::DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype) : config_(config), dtype_(dtype) {
  validate(config);
  tensor::use_one_aten_thread();
  rope_ = make_rope_table(config);
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers_.emplace_back(config, i < config.first_k_dense_replace);
  for (std::int64_t i = 0; i < config.num_nextn_predict_layers; ++i) mtp_.emplace_back(config);
  allocate();
}

DeepseekV3::DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype, std::uint64_t seed)
    : DeepseekV3(config, dtype) {
  const at::NoGradGuard no_grad;
  std::uint32_t index = 0;
  visit_parameters([&](const Parameter& p) {
    p.tensor->copy_(
        fresh(p, dtype_, config_.initializer_range, {.seed = seed, .purpose = core::Purpose::Init, .prompt = index++}));
  });
}

void DeepseekV3::allocate() {
  visit_parameters([&](const Parameter& p) {
    const bool trained = p.kind != Parameter::Kind::RouterBias;
    *p.tensor = at::zeros(p.sizes, at::TensorOptions().dtype(trained ? dtype_ : at::kFloat));
    p.tensor->requires_grad_(trained);
  });
}

at::Tensor DeepseekV3::stack(const ForwardInput& input, RoutingStats* stats) const {
  at::Tensor x = tensor::embedding(input.ids, embed_tokens_.weight);
  for (std::size_t i = 0; i < layers_.size(); ++i) x = layers_[i].forward(x, input, rope_, i, stats);
  return x;
}

at::Tensor DeepseekV3::final_norm(const at::Tensor& h) const { return tensor::rmsnorm(h, norm_, config_.rms_norm_eps); }

at::Tensor DeepseekV3::mtp(const at::Tensor& stack_output, const at::Tensor& next_ids, const ForwardInput& input,
                           RoutingStats* stats) const {
  R1_CHECK(!mtp_.empty(), "this model has no MTP module (num_nextn_predict_layers 0)");
  return mtp_.front().forward(stack_output, tensor::embedding(next_ids, embed_tokens_.weight), input, rope_, stats);
}

tensor::TokenLogprobs DeepseekV3::logprobs(const at::Tensor& normed, const at::Tensor& targets,
                                           double temperature) const {
  return tensor::lm_head_logprobs(normed, lm_head_, targets, temperature);
}

at::Tensor DeepseekV3::logits(const at::Tensor& normed) const { return tensor::linear(normed, lm_head_, true); }

void DeepseekV3::visit_parameters(const ParameterVisitor& visit) {
  visit({"model.embed_tokens.weight", &embed_tokens_.weight, {config_.vocab_size, config_.hidden_size}});
  for (std::size_t i = 0; i < layers_.size(); ++i)
    layers_[i].parameters("model.layers." + std::to_string(i) + ".", visit);
  visit({"model.norm.weight", &norm_, {config_.hidden_size}, Parameter::Kind::Norm});
  visit({"lm_head.weight", &lm_head_.weight, {config_.vocab_size, config_.hidden_size}});
  for (std::size_t i = 0; i < mtp_.size(); ++i)
    mtp_[i].parameters("model.layers." + std::to_string(layers_.size() + i) + ".", visit);
}

std::vector<Parameter> DeepseekV3::parameters() {
  std::vector<Parameter> all;
  visit_parameters([&](const Parameter& p) { all.push_back(p); });
  return all;
}

std::int64_t DeepseekV3::num_parameters() {
  std::int64_t count = 0;
  visit_parameters([&](const Parameter& p) { count += p.tensor->numel(); });
  return count;
}

std::int64_t DeepseekV3::num_active_parameters() {
  const std::string mtp_prefix = "model.layers." + std::to_string(layers_.size()) + ".";
  std::int64_t count = 0;
  visit_parameters([&](const Parameter& p) {
    if (p.name.starts_with(mtp_prefix)) return;
    const bool routed = p.name.find(".experts.") != std::string::npos;
    count += routed ? p.tensor->numel() / config_.n_routed_experts * config_.num_experts_per_tok : p.tensor->numel();
  });
  return count;
}

}  // namespace r1::model
