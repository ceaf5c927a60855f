// Keys and names (gguf.h).
#include "r1/model/families/deepseek_v3/gguf.h"

#include "r1/core/error.h"
#include "r1/model/families/gguf_section.h"

namespace r1::model {

namespace {

using weights::GgufMetadata;

constexpr const char* kArchitecture = "deepseek2";
constexpr std::int64_t kSoftmax = 1, kSigmoid = 2;  // expert_gating_func
/// yarn_log_multiplier is the slope of the temperature in ln(factor), of which mscale 1 has 0.1.
constexpr double kSlope = 0.1;

/// What changes the numbers and is not computed must not be passed over.
void refuse_unsupported(const GgufSection& keys, const std::string& file) {
  for (const char* key : {"attention.scale", "attention.temperature_scale", "attention.clamp_kqv", "logit_scale",
                          "attn_logit_softcapping", "nextn_predict_layers", "rope.scaling.yarn_ext_factor"})
    if (keys.has(key) && keys.number(key) != 0.0) user_error("{}: {} is not supported", file, keys.name(key));
  for (const char* key : {"rope.scaling.attn_factor", "rope.scaling.yarn_attn_factor"})
    if (keys.number(key, 1.0) != 1.0) user_error("{}: {} is not supported", file, keys.name(key));
}

std::string model_type(const GgufSection& keys, const std::string& file) {
  const std::int64_t gating = keys.integer("expert_gating_func", kSoftmax);
  if (gating != kSoftmax && gating != kSigmoid)
    user_error("{}: {} {} is not supported; {} (softmax) and {} (sigmoid) are", file, keys.name("expert_gating_func"),
               gating, kSoftmax, kSigmoid);
  if (gating == kSoftmax && keys.boolean("expert_weights_norm", false))
    user_error("{}: {} true is not supported beside softmax routers", file, keys.name("expert_weights_norm"));
  return gating == kSigmoid ? "deepseek_v3" : "deepseek_v2";
}

/// llama.cpp has one temperature: both of Hugging Face's are the same, or the file names none and cos and sin alone
/// have YaRN's own.
RopeScaling read_scaling(const GgufSection& keys, const DeepseekV3Config& c, const std::string& file) {
  const std::string type = keys.text("rope.scaling.type", "none");
  if (type == "none") return {};
  if (type != "yarn")
    user_error("{}: {} '{}' is not supported; none and yarn are", file, keys.name("rope.scaling.type"),
               weights::gguf_printable(type));
  RopeScaling s;
  s.factor = keys.number("rope.scaling.factor");
  s.original_max_position_embeddings = keys.integer("rope.scaling.original_context_length", c.max_position_embeddings);
  s.beta_fast = keys.number("rope.scaling.yarn_beta_fast", s.beta_fast);
  s.beta_slow = keys.number("rope.scaling.yarn_beta_slow", s.beta_slow);
  s.mscale_all_dim =
      shortest_decimal(static_cast<float>(keys.number("rope.scaling.yarn_log_multiplier", 0.0) / kSlope));
  s.mscale = s.mscale_all_dim == 0.0 ? 1.0 : s.mscale_all_dim;
  return s;
}

void set_scaling(const RopeScaling& s, GgufSectionWriter& keys) {
  if (s.factor == 1.0) return;
  if (s.mscale != (s.mscale_all_dim == 0.0 ? 1.0 : s.mscale_all_dim))
    user_error("config.json: rope_scaling with mscale {} and mscale_all_dim {} can't be said in a GGUF file", s.mscale,
               s.mscale_all_dim);
  keys.text("rope.scaling.type", "yarn");
  keys.number("rope.scaling.factor", s.factor);
  keys.integer("rope.scaling.original_context_length", s.original_max_position_embeddings);
  keys.number("rope.scaling.yarn_beta_fast", s.beta_fast);
  keys.number("rope.scaling.yarn_beta_slow", s.beta_slow);
  if (s.mscale_all_dim != 0.0) keys.number("rope.scaling.yarn_log_multiplier", kSlope * s.mscale_all_dim);
}

/// The widths of heads: with `_mla` those of the expanded heads, beside which the plain keys are of the latent.
void read_heads(const GgufSection& keys, DeepseekV3Config& c, const std::string& file) {
  const std::string suffix = keys.has("attention.key_length_mla") ? "_mla" : "";
  c.num_attention_heads = keys.integer("attention.head_count");
  c.q_lora_rank = keys.integer("attention.q_lora_rank", 0);
  c.kv_lora_rank = keys.integer("attention.kv_lora_rank");
  c.qk_rope_head_dim = keys.integer("rope.dimension_count");
  c.v_head_dim = keys.integer("attention.value_length" + suffix);
  const std::int64_t width = keys.integer("attention.key_length" + suffix);
  if (c.qk_rope_head_dim < 0 || width <= c.qk_rope_head_dim)
    user_error("{}: {} is {}, but {} is {}", file, keys.name("attention.key_length" + suffix), width,
               keys.name("rope.dimension_count"), c.qk_rope_head_dim);
  c.qk_nope_head_dim = width - c.qk_rope_head_dim;
}

void read_experts(const GgufSection& keys, DeepseekV3Config& c) {
  c.moe_intermediate_size = keys.integer("expert_feed_forward_length");
  c.first_k_dense_replace = keys.integer("leading_dense_block_count", 0);
  c.n_routed_experts = keys.integer("expert_count");
  c.n_shared_experts = keys.integer("expert_shared_count", 0);
  c.num_experts_per_tok = keys.integer("expert_used_count");
  c.n_group = keys.integer("expert_group_count", 1);
  c.topk_group = keys.integer("expert_group_used_count", 1);
  c.norm_topk_prob = keys.boolean("expert_weights_norm", false);
  c.routed_scaling_factor = keys.number("expert_weights_scale", 1.0);
}

void add_attention(std::vector<GgufTensor>& out, const DeepseekV3Config& c, const std::string& blk,
                   const std::string& attention) {
  const std::int64_t d = c.hidden_size, heads = c.num_attention_heads, rank = c.kv_lora_rank;
  const std::int64_t q = heads * (c.qk_nope_head_dim + c.qk_rope_head_dim);
  if (c.q_lora_rank == 0) {
    out.push_back({blk + "attn_q.weight", attention + "q_proj.weight", {q, d}});
  } else {
    out.push_back({blk + "attn_q_a.weight", attention + "q_a_proj.weight", {c.q_lora_rank, d}});
    out.push_back({blk + "attn_q_a_norm.weight", attention + "q_a_layernorm.weight", {c.q_lora_rank}});
    out.push_back({blk + "attn_q_b.weight", attention + "q_b_proj.weight", {q, c.q_lora_rank}});
  }
  out.push_back(
      {blk + "attn_kv_a_mqa.weight", attention + "kv_a_proj_with_mqa.weight", {rank + c.qk_rope_head_dim, d}});
  out.push_back({blk + "attn_kv_a_norm.weight", attention + "kv_a_layernorm.weight", {rank}});
  out.push_back({.gguf = blk + "attn_kv_b.weight",
                 .hf = attention + "kv_b_proj.weight",
                 .shape = {heads * (c.qk_nope_head_dim + c.v_head_dim), rank},
                 .latent = {.heads = heads,
                            .nope = c.qk_nope_head_dim,
                            .value = c.v_head_dim,
                            .keys = blk + "attn_k_b.weight",
                            .values = blk + "attn_v_b.weight"}});
  out.push_back({blk + "attn_output.weight", attention + "o_proj.weight", {d, heads * c.v_head_dim}});
}

std::vector<GgufTensor> mlp_tensors(const std::string& blk, const std::string& suffix, const std::string& mlp,
                                    std::int64_t inner, std::int64_t d) {
  return {{blk + "ffn_gate" + suffix, mlp + "gate_proj.weight", {inner, d}},
          {blk + "ffn_up" + suffix, mlp + "up_proj.weight", {inner, d}},
          {blk + "ffn_down" + suffix, mlp + "down_proj.weight", {d, inner}}};
}

void add_experts(std::vector<GgufTensor>& out, const DeepseekV3Config& c, const std::string& blk,
                 const std::string& mlp) {
  const std::int64_t d = c.hidden_size, n = c.n_routed_experts;
  out.push_back({.gguf = blk + "ffn_gate_inp.weight", .hf = mlp + "gate.weight", .shape = {n, d}, .stays_f32 = true});
  if (c.model_type == "deepseek_v3")
    out.push_back({blk + "exp_probs_b.bias", mlp + "gate.e_score_correction_bias", {n}});
  for (GgufTensor& tensor : mlp_tensors(blk, "_exps.weight", mlp + "experts.{}.", c.moe_intermediate_size, d)) {
    tensor.experts = n;
    out.push_back(std::move(tensor));
  }
  if (c.n_shared_experts == 0) return;
  const std::int64_t inner = c.n_shared_experts * c.moe_intermediate_size;
  for (GgufTensor& tensor : mlp_tensors(blk, "_shexp.weight", mlp + "shared_experts.", inner, d))
    out.push_back(std::move(tensor));
}

}  // namespace

DeepseekV3Config deepseek_from_gguf(const GgufMetadata& metadata, std::int64_t vocab_size, const std::string& file) {
  const GgufSection keys(metadata, kArchitecture);
  refuse_unsupported(keys, file);
  DeepseekV3Config c;
  c.model_type = model_type(keys, file);
  c.vocab_size = vocab_size;
  c.hidden_size = keys.integer("embedding_length");
  c.intermediate_size = keys.integer("feed_forward_length");
  c.num_hidden_layers = keys.integer("block_count");
  c.max_position_embeddings = keys.integer("context_length");
  c.rms_norm_eps = keys.number("attention.layer_norm_rms_epsilon");
  c.rope_theta = keys.number("rope.freq_base", 10000.0);
  c.initializer_range = 0.02;  // no file says it; Hugging Face's default
  read_heads(keys, c, file);
  read_experts(keys, c);
  c.rope_scaling = read_scaling(keys, c, file);
  validate(c, file + ": ");
  return c;
}

void set_deepseek_gguf(const DeepseekV3Config& c, GgufMetadata& metadata) {
  GgufSectionWriter keys(metadata, kArchitecture);
  keys.integer("vocab_size", c.vocab_size);
  keys.integer("context_length", c.max_position_embeddings);
  keys.integer("embedding_length", c.hidden_size);
  keys.integer("block_count", c.num_hidden_layers);
  keys.integer("feed_forward_length", c.intermediate_size);
  keys.integer("attention.head_count", c.num_attention_heads);
  keys.integer("attention.head_count_kv", 1);  // the latent
  keys.number("attention.layer_norm_rms_epsilon", c.rms_norm_eps);
  if (c.q_lora_rank > 0) keys.integer("attention.q_lora_rank", c.q_lora_rank);
  keys.integer("attention.kv_lora_rank", c.kv_lora_rank);
  keys.integer("attention.key_length", c.kv_lora_rank + c.qk_rope_head_dim);
  keys.integer("attention.value_length", c.kv_lora_rank);
  keys.integer("attention.key_length_mla", c.qk_nope_head_dim + c.qk_rope_head_dim);
  keys.integer("attention.value_length_mla", c.v_head_dim);
  keys.integer("leading_dense_block_count", c.first_k_dense_replace);
  keys.integer("expert_feed_forward_length", c.moe_intermediate_size);
  keys.integer("expert_count", c.n_routed_experts);
  keys.integer("expert_used_count", c.num_experts_per_tok);
  keys.integer("expert_shared_count", c.n_shared_experts);
  keys.integer("expert_group_count", c.n_group);
  keys.integer("expert_group_used_count", c.topk_group);
  keys.number("expert_weights_scale", c.routed_scaling_factor);
  keys.boolean("expert_weights_norm", c.norm_topk_prob);
  keys.integer("expert_gating_func", c.model_type == "deepseek_v2" ? kSoftmax : kSigmoid);
  keys.integer("rope.dimension_count", c.qk_rope_head_dim);
  keys.number("rope.freq_base", c.rope_theta);
  set_scaling(c.rope_scaling, keys);
}

std::vector<GgufTensor> deepseek_gguf_tensors(const DeepseekV3Config& c) {
  const std::int64_t d = c.hidden_size;
  std::vector<GgufTensor> out = {{"token_embd.weight", "model.embed_tokens.weight", {c.vocab_size, d}},
                                 {"output_norm.weight", "model.norm.weight", {d}},
                                 {"output.weight", "lm_head.weight", {c.vocab_size, d}}};
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const std::string blk = fmt::format("blk.{}.", i), layer = fmt::format("model.layers.{}.", i);
    out.push_back({blk + "attn_norm.weight", layer + "input_layernorm.weight", {d}});
    add_attention(out, c, blk, layer + "self_attn.");
    out.push_back({blk + "ffn_norm.weight", layer + "post_attention_layernorm.weight", {d}});
    if (i >= c.first_k_dense_replace) {
      add_experts(out, c, blk, layer + "mlp.");
      continue;
    }
    for (GgufTensor& tensor : mlp_tensors(blk, ".weight", layer + "mlp.", c.intermediate_size, d))
      out.push_back(std::move(tensor));
  }
  return out;
}

}  // namespace r1::model
