// Fields and checks of the configuration (config.h).
#include "r1/model/families/deepseek_v3/config.h"

#include "r1/core/error.h"

namespace r1::model {

void fields(core::FieldVisitor& v, RopeScaling& c) {
  v("factor", c.factor, "context extension factor of YaRN; 1 = plain RoPE");
  v("original_max_position_embeddings", c.original_max_position_embeddings, "context before the extension");
  v("beta_fast", c.beta_fast, "rotations above which a dimension is kept as it is");
  v("beta_slow", c.beta_slow, "rotations below which a dimension is interpolated");
  v("mscale", c.mscale, "YaRN's attention temperature, numerator of the cos/sin factor");
  v("mscale_all_dim", c.mscale_all_dim, "the same in the softmax scale; 0 = off");
}

void fields(core::FieldVisitor& v, DeepseekV3Config& c) {
  v("vocab_size", c.vocab_size, "rows of the embedding; 0 = the tokenizer's");
  v("hidden_size", c.hidden_size, "width of the residual stream");
  v("num_hidden_layers", c.num_hidden_layers, "decoder layers");
  v("num_attention_heads", c.num_attention_heads, "attention heads");
  v("q_lora_rank", c.q_lora_rank, "rank of the query compression; 0 = none");
  v("kv_lora_rank", c.kv_lora_rank, "rank of the key-value latent");
  v("qk_nope_head_dim", c.qk_nope_head_dim, "query/key elements of a head without position");
  v("qk_rope_head_dim", c.qk_rope_head_dim, "query/key elements of a head with rotary position");
  v("v_head_dim", c.v_head_dim, "value elements of a head");
  v("intermediate_size", c.intermediate_size, "width of the dense feed-forward layers");
  v("moe_intermediate_size", c.moe_intermediate_size, "width of one expert");
  v("first_k_dense_replace", c.first_k_dense_replace, "first layers that are dense");
  v("n_routed_experts", c.n_routed_experts, "routed experts of a MoE layer");
  v("n_shared_experts", c.n_shared_experts, "shared experts of a MoE layer");
  v("num_experts_per_tok", c.num_experts_per_tok, "routed experts a token is sent to");
  v("n_group", c.n_group, "groups of experts (nodes)");
  v("topk_group", c.topk_group, "groups a token may use");
  v("norm_topk_prob", c.norm_topk_prob, "weights of the chosen experts sum to 1 before scaling");
  v("routed_scaling_factor", c.routed_scaling_factor, "factor on the routed experts' weights");
  v("num_nextn_predict_layers", c.num_nextn_predict_layers, "multi-token prediction modules, 0 or 1");
  v("rope_theta", c.rope_theta, "base of the rotary frequencies");
  v("rope_scaling", c.rope_scaling, "YaRN");
  v("max_position_embeddings", c.max_position_embeddings, "longest sequence");
  v("rms_norm_eps", c.rms_norm_eps, "epsilon of RMSNorm");
  v("initializer_range", c.initializer_range, "standard deviation of fresh weights");
}

void validate(const DeepseekV3Config& c) {
  const auto positive = [](std::int64_t value, const char* name) {
    if (value < 1) user_error("model.{} is {}: it must be 1 or more", name, value);
  };
  positive(c.vocab_size, "vocab_size");
  positive(c.hidden_size, "hidden_size");
  positive(c.num_hidden_layers, "num_hidden_layers");
  positive(c.num_attention_heads, "num_attention_heads");
  positive(c.kv_lora_rank, "kv_lora_rank");
  positive(c.qk_nope_head_dim, "qk_nope_head_dim");
  positive(c.qk_rope_head_dim, "qk_rope_head_dim");
  positive(c.v_head_dim, "v_head_dim");
  positive(c.intermediate_size, "intermediate_size");
  positive(c.moe_intermediate_size, "moe_intermediate_size");
  positive(c.n_routed_experts, "n_routed_experts");
  positive(c.num_experts_per_tok, "num_experts_per_tok");
  positive(c.n_group, "n_group");
  positive(c.topk_group, "topk_group");
  positive(c.max_position_embeddings, "max_position_embeddings");
  if (c.qk_rope_head_dim % 2 != 0) user_error("model.qk_rope_head_dim is {}: it must be even", c.qk_rope_head_dim);
  if (c.n_routed_experts % c.n_group != 0)
    user_error("model.n_routed_experts {} is no multiple of model.n_group {}", c.n_routed_experts, c.n_group);
  if (c.topk_group > c.n_group) user_error("model.topk_group {} is above model.n_group {}", c.topk_group, c.n_group);
  if (c.num_experts_per_tok > c.n_routed_experts / c.n_group * c.topk_group)
    user_error("model.num_experts_per_tok {} is above the {} experts of {} groups", c.num_experts_per_tok,
               c.n_routed_experts / c.n_group * c.topk_group, c.topk_group);
  if (c.num_nextn_predict_layers < 0 || c.num_nextn_predict_layers > 1)
    user_error("model.num_nextn_predict_layers is {}: 0 or 1 are supported", c.num_nextn_predict_layers);
  if (c.q_lora_rank < 0 || c.n_shared_experts < 0 || c.first_k_dense_replace < 0)
    user_error("model: q_lora_rank, n_shared_experts and first_k_dense_replace can't be negative");
}

}  // namespace r1::model
