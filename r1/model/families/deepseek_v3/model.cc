// The decoder (model.h).
#include "r1/model/families/deepseek_v3/model.h"

#include "r1/core/error.h"
#include "r1/model/layers/checkpointed.h"
#include "r1/model/layers/rope_table.h"
#include "r1/tensor/dtype.h"

namespace r1::model {

namespace {

DecoderShape shape_of(const DeepseekV3Config& c) {
  validate(c);
  return {.vocab_size = c.vocab_size,
          .hidden_size = c.hidden_size,
          .num_hidden_layers = c.num_hidden_layers,
          .max_position_embeddings = c.max_position_embeddings,
          .num_nextn_predict_layers = c.num_nextn_predict_layers,
          .n_routed_experts = c.n_routed_experts,
          .num_experts_per_tok = c.num_experts_per_tok,
          .kv_heads = c.num_attention_heads,
          .key_dim = c.qk_nope_head_dim + c.qk_rope_head_dim,
          .value_dim = c.v_head_dim,
          .latent_dim = c.kv_lora_rank + c.qk_rope_head_dim,
          .rms_norm_eps = c.rms_norm_eps,
          .initializer_range = c.initializer_range};
}

}  // namespace

DeepseekV3::DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype)
    : Decoder(shape_of(config), dtype), config_(config), rope_(make_rope_table(rope_spec(config), dtype)) {
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers_.emplace_back(config, i < config.first_k_dense_replace);
  for (std::int64_t i = 0; i < config.num_nextn_predict_layers; ++i) mtp_.emplace_back(config);
  allocate();
}

DeepseekV3::DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype, std::uint64_t seed)
    : DeepseekV3(config, dtype) {
  initialize(seed);
}

at::Tensor DeepseekV3::run_layers(const at::Tensor& embedded, const ForwardInput& input, RoutingStats* stats) const {
  std::vector<at::Tensor> stream{embedded};
  for (std::size_t i = 0; i < layers_.size(); ++i)
    stream = checkpointed(
        [this, i, input](const std::vector<at::Tensor>& in, RoutingStats* counted) {
          return std::vector<at::Tensor>{layers_[i].forward(in.front(), input, rope_, i, counted)};
        },
        stream, input, stats);
  return stream.front();
}

at::Tensor DeepseekV3::mtp(const at::Tensor& stack_output, const at::Tensor& next_ids, const ForwardInput& input,
                           RoutingStats* stats) const {
  if (mtp_.empty()) return Decoder::mtp(stack_output, next_ids, input, stats);
  return checkpointed(
             [this, input](const std::vector<at::Tensor>& in, RoutingStats* counted) {
               return std::vector<at::Tensor>{mtp_.front().forward(in[0], in[1], input, rope_, counted)};
             },
             {stack_output, embed(next_ids)}, input, stats)
      .front();
}

void DeepseekV3::stack_weights() {
  for (Block& layer : layers_) layer.stack_weights();
  for (Mtp& module : mtp_) module.stack_weights();
}

std::string DeepseekV3::hf_config() const { return to_hf_json(config_, tensor::dtype_name(dtype())); }

void DeepseekV3::visit_layers(const ParameterVisitor& visit) {
  for (std::size_t i = 0; i < layers_.size(); ++i)
    layers_[i].parameters("model.layers." + std::to_string(i) + ".", visit);
}

void DeepseekV3::visit_extra(const ParameterVisitor& visit) {
  for (std::size_t i = 0; i < mtp_.size(); ++i)
    mtp_[i].parameters("model.layers." + std::to_string(layers_.size() + i) + ".", visit);
}

}  // namespace r1::model
