// The shape of a Llama-like decoder (config.json of Hugging Face's `llama`, `qwen2`, `qwen3` and `qwen3_moe`, same
// names): grouped-query attention and SwiGLU or a mixture of experts in every layer. What the four differ in is data
// here: biases, norms of queries and keys, width of a head, scaling of the angles, experts. No torch type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/model/layers/rope_spec.h"

namespace r1::model {

struct LlamaConfig {
  std::string model_type = "llama";  // llama | qwen2 | qwen3 | qwen3_moe
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6;
  double initializer_range = 0.02;
  bool tie_word_embeddings = false;
  bool attention_bias = false;  // llama, qwen3: of all four projections; qwen2 has those of q, k and v always
  RopeSpec rope;

  // qwen3_moe: every decoder_sparse_step-th layer has experts in place of its MLP, but for those of mlp_only_layers.
  std::int64_t num_experts = 0;  // 0: dense
  std::int64_t num_experts_per_tok = 0;
  std::int64_t moe_intermediate_size = 0;
  std::int64_t decoder_sparse_step = 1;
  std::vector<std::int64_t> mlp_only_layers = {};
  bool norm_topk_prob = false;

  bool has_experts(std::int64_t layer) const;
};

/// UserError when the sizes do not fit together, naming file, field and value.
void validate(const LlamaConfig& config, const std::string& file_name);

/// Hugging Face's config.json; what we can't run (sliding windows, other activations, dynamic scaling ...) is refused
/// by name.
LlamaConfig llama_from_hf_json(const std::string& text, const std::string& file_name);
std::string to_hf_json(const LlamaConfig& config, const std::string& dtype);

}  // namespace r1::model
