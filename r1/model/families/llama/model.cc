// The decoder (model.h).
#include "r1/model/families/llama/model.h"

#include "r1/model/layers/checkpointed.h"
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
          .n_routed_experts = c.num_experts,
          .num_experts_per_tok = c.num_experts_per_tok,
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
          .qk_norm = c.model_type == "qwen3" || c.model_type == "qwen3_moe",
          .rms_norm_eps = c.rms_norm_eps};
}

MoeConfig experts_of(const LlamaConfig& c) {
  return {.hidden_size = c.hidden_size,
          .moe_intermediate_size = c.moe_intermediate_size,
          .route = {.experts = c.num_experts,
                    .top_k = c.num_experts_per_tok,
                    .scoring = kernels::RouteScoring::Softmax,
                    .normalize = c.norm_topk_prob}};
}

}  // namespace

Llama::Llama(const LlamaConfig& config, at::ScalarType dtype)
    : Decoder(shape_of(config), dtype), config_(config), rope_(make_rope_table(config.rope, dtype)) {
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    Block& layer = layers_.emplace_back(Block{{}, {}, Gqa(attention_of(config)), {}, {}});
    if (config.has_experts(i))
      layer.moe.emplace(experts_of(config));
    else
      layer.mlp.emplace(config.hidden_size, config.intermediate_size);
  }
  allocate();
}

Llama::Llama(const LlamaConfig& config, at::ScalarType dtype, std::uint64_t seed) : Llama(config, dtype) {
  initialize(seed);
}

std::vector<at::Tensor> Llama::run_layer(std::size_t i, const std::vector<at::Tensor>& stream,
                                         const ForwardInput& input, RoutingStats* stats) const {
  const Block& layer = layers_[i];
  const double eps = config_.rms_norm_eps;
  const at::Tensor& x = stream.front();
  const tensor::SumAndNorm in = stream.size() > 1 ? tensor::add_rmsnorm(x, stream[1], layer.input_norm, eps)
                                                  : tensor::SumAndNorm{x, tensor::rmsnorm(x, layer.input_norm, eps)};
  const at::Tensor attended = layer.attention.forward(in.normed, input, rope_, i);
  const tensor::SumAndNorm middle = tensor::add_rmsnorm(in.sum, attended, layer.post_attention_norm, eps);
  return {middle.sum, layer.moe ? layer.moe->forward(middle.normed, stats) : layer.mlp->forward(middle.normed)};
}

at::Tensor Llama::run_layers(const at::Tensor& embedded, const ForwardInput& input, RoutingStats* stats) const {
  // Every addition to the residual stream but the last goes with the norm that follows it.
  std::vector<at::Tensor> stream{embedded};
  for (std::size_t i = 0; i < layers_.size(); ++i)
    stream = checkpointed([this, i, input](const std::vector<at::Tensor>& in,
                                           RoutingStats* counted) { return run_layer(i, in, input, counted); },
                          stream, input, stats);
  return stream.size() > 1 ? stream[0] + stream[1] : stream[0];
}

void Llama::stack_weights() {
  for (Block& layer : layers_) {
    layer.attention.stack_weights();
    layer.moe ? layer.moe->stack_weights() : layer.mlp->stack_weights();
  }
}

std::string Llama::hf_config() const { return to_hf_json(config_, tensor::dtype_name(dtype())); }

void Llama::visit_layers(const ParameterVisitor& visit) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    Block& layer = layers_[i];
    visit({prefix + "input_layernorm.weight", &layer.input_norm, {config_.hidden_size}, Parameter::Kind::Norm});
    layer.attention.parameters(prefix + "self_attn.", visit);
    visit({prefix + "post_attention_layernorm.weight",
           &layer.post_attention_norm,
           {config_.hidden_size},
           Parameter::Kind::Norm});
    if (layer.moe)
      layer.moe->parameters(prefix + "mlp.", visit);
    else
      layer.mlp->parameters(prefix + "mlp.", visit);
  }
}

}  // namespace r1::model
