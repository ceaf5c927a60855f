// Fields and checks of the configuration (config.h).
#include "r1/model/families/deepseek_v3/config.h"

#include "r1/core/error.h"
#include "r1/model/families/sizes.h"
#include "r1/model/layers/yarn.h"

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

void validate(const DeepseekV3Config& c, const std::string& where) {
  const auto size = [&](std::int64_t value, const char* name) { check_size(value, where + name); };
  size(c.vocab_size, "vocab_size");
  size(c.hidden_size, "hidden_size");
  check_size(c.num_hidden_layers, where + "num_hidden_layers", kMaxLayers);
  size(c.num_attention_heads, "num_attention_heads");
  size(c.kv_lora_rank, "kv_lora_rank");
  size(c.qk_nope_head_dim, "qk_nope_head_dim");
  size(c.qk_rope_head_dim, "qk_rope_head_dim");
  size(c.v_head_dim, "v_head_dim");
  size(c.intermediate_size, "intermediate_size");
  size(c.moe_intermediate_size, "moe_intermediate_size");
  size(c.n_routed_experts, "n_routed_experts");
  size(c.num_experts_per_tok, "num_experts_per_tok");
  size(c.n_group, "n_group");
  size(c.topk_group, "topk_group");
  size(c.max_position_embeddings, "max_position_embeddings");
  if (c.q_lora_rank != 0) size(c.q_lora_rank, "q_lora_rank");
  if (c.n_shared_experts != 0) size(c.n_shared_experts, "n_shared_experts");
  if (c.first_k_dense_replace != 0) size(c.first_k_dense_replace, "first_k_dense_replace");
  if (c.qk_rope_head_dim % 2 != 0) user_error("{}qk_rope_head_dim is {}: it must be even", where, c.qk_rope_head_dim);
  if (c.n_routed_experts % c.n_group != 0)
    user_error("{}n_routed_experts {} is no multiple of n_group {}", where, c.n_routed_experts, c.n_group);
  if (c.topk_group > c.n_group) user_error("{}topk_group {} is above n_group {}", where, c.topk_group, c.n_group);
  if (c.num_experts_per_tok > c.n_routed_experts / c.n_group * c.topk_group)
    user_error("{}num_experts_per_tok {} is above the {} experts of {} groups", where, c.num_experts_per_tok,
               c.n_routed_experts / c.n_group * c.topk_group, c.topk_group);
  if (c.num_nextn_predict_layers < 0 || c.num_nextn_predict_layers > 1)
    user_error("{}num_nextn_predict_layers is {}: 0 or 1 are supported", where, c.num_nextn_predict_layers);
  if (!(c.rms_norm_eps >= 0.0)) user_error("{}rms_norm_eps is {}: it can't be negative", where, c.rms_norm_eps);
  if (!(c.rope_scaling.factor >= 1.0))
    user_error("{}rope_scaling: factor is {}: it must be 1 or more", where, c.rope_scaling.factor);
  validate(rope_spec(c), where + "rope_scaling");
}

RopeSpec rope_spec(const DeepseekV3Config& c) {
  const RopeScaling& s = c.rope_scaling;
  return {.theta = c.rope_theta,
          .dim = c.qk_rope_head_dim,
          .positions = c.max_position_embeddings,
          .type = s.factor > 1.0 ? "yarn" : "default",
          .factor = s.factor,
          .original_max_position_embeddings = static_cast<double>(s.original_max_position_embeddings),
          .beta_fast = s.beta_fast,
          .beta_slow = s.beta_slow,
          .attention_factor = yarn_mscale(s.factor, s.mscale) / yarn_mscale(s.factor, s.mscale_all_dim)};
}

}  // namespace r1::model
