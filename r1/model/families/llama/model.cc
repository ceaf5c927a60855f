// The decoder (model.h).
#include "r1/model/families/llama/model.h"

#include "r1/model/layers/rope_table.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/rmsnorm.h"

namespace r1::model {

namespace {

DecoderShape shape_of(const LlamaConfig& c) {
  validate(c, "config.json");
  return {.vocab_size = c.vocab_size,
          .hidden_size = c.hidden_size,
          .num_hidden_layers = c.num_hidden_layers,
          .max_position_embeddings = c.max_position_embeddings,
          .kv_heads = c.num_key_value_heads,
          .key_dim = c.head_dim,
          .value_dim = c.head_dim,
          .rms_norm_eps = c.rms_norm_eps,
          .initializer_range = c.initializer_range,
          .tie_word_embeddings = c.tie_word_embeddings};
}

GqaConfig attention_of(const LlamaConfig& c) {
  return {.hidden_size = c.hidden_size,
          .heads = c.num_attention_heads,
          .kv_heads = c.num_key_value_heads,
          .head_dim = c.head_dim,
          .qkv_bias = c.model_type == "qwen2" || c.attention_bias,
          .o_bias = c.model_type != "qwen2" && c.attention_bias,
          .qk_norm = c.model_type == "qwen3",
          .rms_norm_eps = c.rms_norm_eps};
}

}  // namespace

Llama::Llama(const LlamaConfig& config, at::ScalarType dtype)
    : Decoder(shape_of(config), dtype), config_(config), rope_(make_rope_table(config.rope, dtype)) {
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i)
    layers_.push_back({{}, {}, Gqa(attention_of(config)), Mlp(config.hidden_size, config.intermediate_size)});
  allocate();
}

Llama::Llama(const LlamaConfig& config, at::ScalarType dtype, std::uint64_t seed) : Llama(config, dtype) {
  initialize(seed);
}

at::Tensor Llama::run_layers(const at::Tensor& embedded, const ForwardInput& input, RoutingStats*) const {
  at::Tensor x = embedded;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    x = x + layer.attention.forward(tensor::rmsnorm(x, layer.input_norm, config_.rms_norm_eps), input, rope_, i);
    x = x + layer.mlp.forward(tensor::rmsnorm(x, layer.post_attention_norm, config_.rms_norm_eps));
  }
  return x;
}

std::string Llama::hf_config() const { return to_hf_json(config_, tensor::dtype_name(dtype())); }

void Llama::visit_layers(const ParameterVisitor& visit) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    Layer& layer = layers_[i];
    visit({prefix + "input_layernorm.weight", &layer.input_norm, {config_.hidden_size}, Parameter::Kind::Norm});
    layer.attention.parameters(prefix + "self_attn.", visit);
    visit({prefix + "post_attention_layernorm.weight",
           &layer.post_attention_norm,
           {config_.hidden_size},
           Parameter::Kind::Norm});
    layer.mlp.parameters(prefix + "mlp.", visit);
  }
}

}  // namespace r1::model
