// Checks of the configuration (config.h).
#include "r1/model/families/llama/config.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/model/families/sizes.h"

namespace r1::model {

bool LlamaConfig::has_experts(std::int64_t layer) const {
  return num_experts > 0 && (layer + 1) % decoder_sparse_step == 0 &&
         std::find(mlp_only_layers.begin(), mlp_only_layers.end(), layer) == mlp_only_layers.end();
}

void validate(const LlamaConfig& c, const std::string& file) {
  const auto size = [&](std::int64_t value, const char* name) { check_size(value, file + ": " + name); };
  size(c.vocab_size, "vocab_size");
  size(c.hidden_size, "hidden_size");
  size(c.intermediate_size, "intermediate_size");
  check_size(c.num_hidden_layers, file + ": num_hidden_layers", kMaxLayers);
  size(c.num_attention_heads, "num_attention_heads");
  size(c.num_key_value_heads, "num_key_value_heads");
  size(c.head_dim, "head_dim");
  size(c.max_position_embeddings, "max_position_embeddings");
  if (!(c.rms_norm_eps >= 0.0)) user_error("{}: rms_norm_eps is {}: it can't be negative", file, c.rms_norm_eps);
  if (c.head_dim % 2 != 0) user_error("{}: head_dim is {}: it must be even", file, c.head_dim);
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    user_error("{}: num_attention_heads {} is no multiple of num_key_value_heads {}", file, c.num_attention_heads,
               c.num_key_value_heads);
  if (c.num_experts == 0) return;
  size(c.num_experts, "num_experts");
  size(c.num_experts_per_tok, "num_experts_per_tok");
  size(c.moe_intermediate_size, "moe_intermediate_size");
  size(c.decoder_sparse_step, "decoder_sparse_step");
  if (c.num_experts_per_tok > c.num_experts)
    user_error("{}: num_experts_per_tok {} is above num_experts {}", file, c.num_experts_per_tok, c.num_experts);
}

}  // namespace r1::model
