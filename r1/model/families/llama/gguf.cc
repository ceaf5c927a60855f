// Keys, names and permutations (gguf.h). Numbers that a file holds as float32 become the shortest decimal that gives
// that float32, so that 1e-5 is 1e-5 again.
#include "r1/model/families/llama/gguf.h"

#include "r1/core/error.h"
#include "r1/model/families/llama/gguf_rope.h"

namespace r1::model {

namespace {

using weights::GgufMetadata;

/// Keys of one architecture's section: "llama.block_count" for "block_count".
class Section {
 public:
  Section(const GgufMetadata& metadata, std::string architecture)
      : metadata_(metadata), prefix_(std::move(architecture) + ".") {}
  bool has(const char* key) const { return metadata_.contains(prefix_ + key); }
  std::string name(const char* key) const { return prefix_ + key; }
  std::int64_t integer(const char* key) const { return metadata_.integer(prefix_ + key); }
  std::int64_t integer(const char* key, std::int64_t otherwise) const { return has(key) ? integer(key) : otherwise; }
  double number(const char* key) const { return shortest_decimal(metadata_.number(prefix_ + key)); }

 private:
  const GgufMetadata& metadata_;
  std::string prefix_;
};

/// What changes the numbers and is not computed must not be passed over.
void refuse_unsupported(const Section& keys, const std::string& file) {
  if (keys.integer("expert_count", 0) > 0)
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

}  // namespace

LlamaConfig llama_from_gguf(const GgufMetadata& metadata, const LlamaGgufFacts& facts, const std::string& file) {
  LlamaConfig c;
  c.model_type = metadata.text("general.architecture");
  const Section keys(metadata, c.model_type);
  refuse_unsupported(keys, file);
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
  validate(c, file);
  c.rope = rope_from_gguf(metadata, c, facts.rope_factors, file);
  return c;
}

void set_llama_gguf(const LlamaConfig& c, GgufMetadata& metadata) {
  if (c.model_type == "qwen3" && c.attention_bias)
    user_error("config.json: attention_bias of a qwen3 can't be written as GGUF: the format has no place for it");
  const auto set = [&](const char* key, std::int64_t value) {
    if (value < 0 || value > INT32_MAX) user_error("config.json: {} does not fit a GGUF file's {}", value, key);
    metadata.set(c.model_type + "." + key, static_cast<std::uint32_t>(value));
  };
  set("vocab_size", c.vocab_size);
  set("context_length", c.max_position_embeddings);
  set("embedding_length", c.hidden_size);
  set("block_count", c.num_hidden_layers);
  set("feed_forward_length", c.intermediate_size);
  set("attention.head_count", c.num_attention_heads);
  set("attention.head_count_kv", c.num_key_value_heads);
  set("attention.key_length", c.head_dim);
  set("attention.value_length", c.head_dim);
  set("rope.dimension_count", c.head_dim);
  metadata.set(c.model_type + ".attention.layer_norm_rms_epsilon", static_cast<float>(c.rms_norm_eps));
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
    if (c.model_type == "qwen3") {
      out.push_back({blk + "attn_q_norm.weight", attention + "q_norm.weight", {c.head_dim}});
      out.push_back({blk + "attn_k_norm.weight", attention + "k_norm.weight", {c.head_dim}});
    }
    out.push_back({blk + "ffn_norm.weight", layer + "post_attention_layernorm.weight", {d}});
    out.push_back({blk + "ffn_gate.weight", layer + "mlp.gate_proj.weight", {c.intermediate_size, d}});
    out.push_back({blk + "ffn_up.weight", layer + "mlp.up_proj.weight", {c.intermediate_size, d}});
    out.push_back({blk + "ffn_down.weight", layer + "mlp.down_proj.weight", {d, c.intermediate_size}});
  }
  return out;
}

}  // namespace r1::model
