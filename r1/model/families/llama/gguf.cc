// Keys, names and permutations (gguf.h).
#include "r1/model/families/llama/gguf.h"

#include "r1/core/error.h"
#include "r1/model/families/gguf_section.h"
#include "r1/model/families/llama/gguf_rope.h"

namespace r1::model {

namespace {

using weights::GgufMetadata;
using Section = GgufSection;

/// What changes the numbers and is not computed must not be passed over.
void refuse_unsupported(const Section& keys, bool experts, const std::string& file) {
  if (!experts && keys.integer("expert_count", 0) > 0)
    user_error("{}: {} is {}: experts are not supported in this architecture", file, keys.name("expert_count"),
               keys.integer("expert_count"));
  for (const char* key : {"attention.scale", "attention.logit_softcapping", "attention.clamp_kqv", "embedding_scale",
                          "residual_scale", "logit_scale", "attention.temperature_scale"})
    if (keys.has(key) && keys.number(key) != 0.0) user_error("{}: {} is not supported", file, keys.name(key));
  const std::int64_t window = keys.integer("attention.sliding_window", 0);
  if (window > 0 && window < keys.integer("context_length"))
    user_error("{}: {} {} is not supported", file, keys.name("attention.sliding_window"), window);
}

std::int64_t read_head_dim(const Section& keys, const LlamaConfig& c, const std::string& file) {
  const std::int64_t even = c.num_attention_heads > 0 ? c.hidden_size / c.num_attention_heads : 0;
  const std::int64_t width = keys.integer("attention.key_length", even);
  for (const char* key : {"attention.value_length", "rope.dimension_count"})
    if (keys.integer(key, width) != width)
      user_error("{}: {} is {}, but a head of keys has {} elements: this is not supported", file, keys.name(key),
                 keys.integer(key), width);
  return width;
}

/// llama.cpp has experts in every layer, and their weights sum to 1, whatever a file says.
void read_experts(const Section& keys, LlamaConfig& c, const std::string& file) {
  c.num_experts = keys.integer("expert_count");
  c.num_experts_per_tok = keys.integer("expert_used_count");
  c.moe_intermediate_size = keys.integer("expert_feed_forward_length");
  c.norm_topk_prob = true;
  if (!keys.boolean("expert_weights_norm", true) || keys.number("expert_weights_scale", 1.0) != 1.0)
    user_error("{}: {} false and {} other than 1 are not supported", file, keys.name("expert_weights_norm"),
               keys.name("expert_weights_scale"));
}

void set_experts(const LlamaConfig& c, GgufSectionWriter& keys) {
  if (c.decoder_sparse_step != 1 || !c.mlp_only_layers.empty() || !c.norm_topk_prob)
    user_error(
        "config.json: a qwen3_moe can be written as GGUF with experts in every layer and norm_topk_prob true alone: "
        "llama.cpp takes both as given");
  keys.integer("expert_count", c.num_experts);
  keys.integer("expert_used_count", c.num_experts_per_tok);
  keys.integer("expert_feed_forward_length", c.moe_intermediate_size);
}

std::vector<GgufTensor> mlp_tensors(const LlamaConfig& c, const std::string& blk, const std::string& mlp) {
  const std::int64_t d = c.hidden_size, e = c.moe_intermediate_size, n = c.num_experts;
  if (n == 0)
    return {{blk + "ffn_gate.weight", mlp + "gate_proj.weight", {c.intermediate_size, d}},
            {blk + "ffn_up.weight", mlp + "up_proj.weight", {c.intermediate_size, d}},
            {blk + "ffn_down.weight", mlp + "down_proj.weight", {d, c.intermediate_size}}};
  return {
      {.gguf = blk + "ffn_gate_inp.weight", .hf = mlp + "gate.weight", .shape = {n, d}, .stays_f32 = true},
      {.gguf = blk + "ffn_gate_exps.weight", .hf = mlp + "experts.{}.gate_proj.weight", .shape = {e, d}, .experts = n},
      {.gguf = blk + "ffn_up_exps.weight", .hf = mlp + "experts.{}.up_proj.weight", .shape = {e, d}, .experts = n},
      {.gguf = blk + "ffn_down_exps.weight", .hf = mlp + "experts.{}.down_proj.weight", .shape = {d, e}, .experts = n}};
}

}  // namespace

std::string llama_gguf_architecture(const LlamaConfig& c) {
  return c.model_type == "qwen3_moe" ? "qwen3moe" : c.model_type;
}

LlamaConfig llama_from_gguf(const GgufMetadata& metadata, const LlamaGgufFacts& facts, const std::string& file) {
  LlamaConfig c;
  const std::string& architecture = metadata.text("general.architecture");
  const bool experts = architecture == "qwen3moe";
  c.model_type = experts ? "qwen3_moe" : architecture;
  const Section keys(metadata, architecture);
  refuse_unsupported(keys, experts, file);
  c.vocab_size = facts.vocab_size;
  c.hidden_size = keys.integer("embedding_length");
  c.intermediate_size = keys.integer("feed_forward_length");
  c.num_hidden_layers = keys.integer("block_count");
  c.num_attention_heads = keys.integer("attention.head_count");
  c.num_key_value_heads = keys.integer("attention.head_count_kv", c.num_attention_heads);
  c.head_dim = read_head_dim(keys, c, file);
  c.max_position_embeddings = keys.integer("context_length");
  c.rms_norm_eps = keys.number("attention.layer_norm_rms_epsilon");
  c.tie_word_embeddings = facts.tied_head;
  c.attention_bias = c.model_type != "qwen2" && facts.attention_bias;
  if (experts) read_experts(keys, c, file);
  validate(c, file);
  c.rope = rope_from_gguf(metadata, c, facts.rope_factors, file);
  validate(c.rope, file);
  return c;
}

void set_llama_gguf(const LlamaConfig& c, GgufMetadata& metadata) {
  if (c.model_type.starts_with("qwen3") && c.attention_bias)
    user_error("config.json: attention_bias of a {} can't be written as GGUF: the format has no place for it",
               c.model_type);
  GgufSectionWriter keys(metadata, llama_gguf_architecture(c));
  keys.integer("vocab_size", c.vocab_size);
  keys.integer("context_length", c.max_position_embeddings);
  keys.integer("embedding_length", c.hidden_size);
  keys.integer("block_count", c.num_hidden_layers);
  keys.integer("feed_forward_length", c.intermediate_size);
  keys.integer("attention.head_count", c.num_attention_heads);
  keys.integer("attention.head_count_kv", c.num_key_value_heads);
  keys.integer("attention.key_length", c.head_dim);
  keys.integer("attention.value_length", c.head_dim);
  keys.integer("rope.dimension_count", c.head_dim);
  keys.number("attention.layer_norm_rms_epsilon", c.rms_norm_eps);
  if (c.num_experts > 0) set_experts(c, keys);
  set_rope_gguf(c, metadata);
}

std::vector<GgufTensor> llama_gguf_tensors(const LlamaConfig& c) {
  const std::int64_t d = c.hidden_size, q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
  const bool interleaved = c.model_type == "llama";  // the others rotate halves in llama.cpp too
  const std::int64_t q_heads = interleaved ? c.num_attention_heads : 0;
  const std::int64_t kv_heads = interleaved ? c.num_key_value_heads : 0;
  const bool qkv_bias = c.model_type == "qwen2" || c.attention_bias;
  std::vector<GgufTensor> out = {{"token_embd.weight", "model.embed_tokens.weight", {c.vocab_size, d}},
                                 {"output_norm.weight", "model.norm.weight", {d}}};
  if (!c.tie_word_embeddings) out.push_back({"output.weight", "lm_head.weight", {c.vocab_size, d}});
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const std::string blk = fmt::format("blk.{}.", i), layer = fmt::format("model.layers.{}.", i);
    const std::string attention = layer + "self_attn.";
    out.push_back({blk + "attn_norm.weight", layer + "input_layernorm.weight", {d}});
    out.push_back({blk + "attn_q.weight", attention + "q_proj.weight", {q, d}, q_heads});
    out.push_back({blk + "attn_k.weight", attention + "k_proj.weight", {kv, d}, kv_heads});
    out.push_back({blk + "attn_v.weight", attention + "v_proj.weight", {kv, d}});
    out.push_back({blk + "attn_output.weight", attention + "o_proj.weight", {d, q}});
    if (qkv_bias) {
      out.push_back({blk + "attn_q.bias", attention + "q_proj.bias", {q}, q_heads});
      out.push_back({blk + "attn_k.bias", attention + "k_proj.bias", {kv}, kv_heads});
      out.push_back({blk + "attn_v.bias", attention + "v_proj.bias", {kv}});
    }
    if (qkv_bias && c.model_type != "qwen2") out.push_back({blk + "attn_output.bias", attention + "o_proj.bias", {d}});
    if (c.model_type.starts_with("qwen3")) {
      out.push_back({blk + "attn_q_norm.weight", attention + "q_norm.weight", {c.head_dim}});
      out.push_back({blk + "attn_k_norm.weight", attention + "k_norm.weight", {c.head_dim}});
    }
    out.push_back({blk + "ffn_norm.weight", layer + "post_attention_layernorm.weight", {d}});
    const std::vector<GgufTensor> mlp = mlp_tensors(c, blk, layer + "mlp.");
    out.insert(out.end(), mlp.begin(), mlp.end());
  }
  return out;
}

}  // namespace r1::model
