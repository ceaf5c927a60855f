// What all families share (decoder.h).
#include "r1/model/decoder.h"

#include <ATen/ops/where.h>
#include <unistd.h>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/embedding.h"
#include "r1/tensor/ops/rmsnorm.h"
#include "r1/tensor/threads.h"

namespace r1::model {

namespace {

at::Tensor fresh(const Parameter& parameter, at::ScalarType dtype, double std, const core::RngKey& key) {
  if (parameter.kind == Parameter::Kind::RouterBias)
    return at::zeros(parameter.sizes, at::TensorOptions().dtype(at::kFloat));
  if (parameter.kind == Parameter::Kind::Bias) return at::zeros(parameter.sizes, at::TensorOptions().dtype(dtype));
  at::Tensor values = tensor::empty_f32(parameter.sizes);
  float* out = values.mutable_data_ptr<float>();
  core::Rng rng(key);
  for (std::int64_t i = 0; i < values.numel(); ++i)
    out[i] = parameter.kind == Parameter::Kind::Norm ? 1.0f : static_cast<float>(std * rng.normal());
  return values.to(dtype);
}

/// The two matrices of a weight's adapter, if it has one.
void append_adapter(std::vector<Parameter>& out, const Parameter& p) {
  if (p.linear == nullptr || !p.linear->adapter) return;
  tensor::LowRank& adapter = *p.linear->adapter;
  const std::string module = p.name.substr(0, p.name.size() - std::string_view("weight").size());
  out.push_back({module + "lora_A.weight", &adapter.a.weight, adapter.a.weight.sizes().vec()});
  out.push_back({module + "lora_B.weight", &adapter.b.weight, adapter.b.weight.sizes().vec()});
}

}  // namespace

Decoder::Decoder(const DecoderShape& shape, at::ScalarType dtype) : shape_(shape), dtype_(dtype) {
  tensor::use_one_aten_thread();
}

void Decoder::allocate() {
  check_memory();
  visit_parameters([&](const Parameter& p) {
    const bool trained = p.kind != Parameter::Kind::RouterBias;
    *p.tensor = at::zeros(p.sizes, at::TensorOptions().dtype(trained ? dtype_ : at::kFloat));
    p.tensor->requires_grad_(trained);
  });
  if (shape_.tie_word_embeddings) lm_head_.weight = embed_tokens_.weight;
}

void Decoder::to(const at::Device& device) {
  const at::NoGradGuard no_grad;
  visit_parameters([&](const Parameter& p) {
    const bool trained = p.tensor->requires_grad();
    *p.tensor = p.tensor->detach().to(device);
    p.tensor->requires_grad_(trained);
  });
  if (shape_.tie_word_embeddings) lm_head_.weight = embed_tokens_.weight;
  move_tables(device);
  if (device.is_cuda()) stack_weights();
}

void Decoder::check_memory() {
  double elements = 0.0;
  visit_parameters([&](const Parameter& p) {
    double size = 1.0;
    for (const std::int64_t side : p.sizes) size *= static_cast<double>(side);
    elements += size;
  });
  const double bytes = elements * static_cast<double>(c10::elementSize(dtype_));
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    user_error("a model of these sizes has {:.4g} parameters, {:.4g} GiB in {}; this machine has {:.4g} GiB of memory",
               elements, bytes / 1073741824.0, tensor::dtype_name(dtype_), memory / 1073741824.0);
}

void Decoder::initialize(std::uint64_t seed) {
  const at::NoGradGuard no_grad;
  std::uint32_t index = 0;
  visit_parameters([&](const Parameter& p) {
    p.tensor->copy_(
        fresh(p, dtype_, shape_.initializer_range, {.seed = seed, .purpose = core::Purpose::Init, .prompt = index++}));
  });
}

at::Tensor Decoder::stack(const ForwardInput& input, RoutingStats* stats) const {
  return run_layers(embed(input.ids), input, stats);
}

at::Tensor Decoder::embed(const at::Tensor& ids) const {
  if (!virtual_tokens_.defined()) return tensor::embedding(ids, embed_tokens_.weight);
  const std::int64_t vocab = shape_.vocab_size;
  const at::Tensor words = tensor::embedding(ids.clamp_max(vocab - 1), embed_tokens_.weight);
  const at::Tensor virtuals = tensor::embedding((ids - vocab).clamp_min(0), virtual_tokens_);
  return at::where(ids.ge(vocab).unsqueeze(1), virtuals, words);
}

at::Tensor Decoder::final_norm(const at::Tensor& h) const { return tensor::rmsnorm(h, norm_, shape_.rms_norm_eps); }

at::Tensor Decoder::mtp(const at::Tensor&, const at::Tensor&, const ForwardInput&, RoutingStats*) const {
  R1_CHECK(false, "this model has no MTP module (num_nextn_predict_layers 0)");
}

tensor::TokenLogprobs Decoder::logprobs(const at::Tensor& normed, const at::Tensor& targets, double temperature) const {
  return tensor::lm_head_logprobs(normed, lm_head_, targets, temperature);
}

at::Tensor Decoder::logits(const at::Tensor& normed) const { return tensor::linear(normed, lm_head_, true); }

void Decoder::visit_parameters(const ParameterVisitor& visitor) {
  std::vector<Parameter> added;
  const ParameterVisitor visit = [&](const Parameter& p) {
    visitor(p);
    append_adapter(added, p);
  };
  visit({"model.embed_tokens.weight", &embed_tokens_.weight, {shape_.vocab_size, shape_.hidden_size}});
  visit_layers(visit);
  visit({"model.norm.weight", &norm_, {shape_.hidden_size}, Parameter::Kind::Norm});
  if (!shape_.tie_word_embeddings) visit({"lm_head.weight", &lm_head_.weight, {shape_.vocab_size, shape_.hidden_size}});
  visit_extra(visit);
  if (virtual_tokens_.defined())
    added.push_back({"prompt_embeddings", &virtual_tokens_, virtual_tokens_.sizes().vec()});
  for (const Parameter& p : added) visitor(p);
}

void Decoder::visit_extra(const ParameterVisitor&) {}

std::vector<Parameter> Decoder::parameters() {
  std::vector<Parameter> all;
  visit_parameters([&](const Parameter& p) { all.push_back(p); });
  return all;
}

std::int64_t Decoder::num_parameters() {
  std::int64_t count = 0;
  visit_parameters([&](const Parameter& p) { count += p.tensor->numel(); });
  return count;
}

std::int64_t Decoder::num_active_parameters() {
  const std::string mtp_prefix = "model.layers." + std::to_string(shape_.num_hidden_layers) + ".";
  std::int64_t count = 0;
  visit_parameters([&](const Parameter& p) {
    if (p.name.starts_with(mtp_prefix)) return;
    const bool routed = p.name.find(".experts.") != std::string::npos;
    count += routed ? p.tensor->numel() / shape_.n_routed_experts * shape_.num_experts_per_tok : p.tensor->numel();
  });
  return count;
}

}  // namespace r1::model
