// Checks of the configuration (config.h).
#include "r1/model/families/llama/config.h"

#include <algorithm>

#include "r1/core/error.h"

namespace r1::model {

bool LlamaConfig::has_experts(std::int64_t layer) const {
  return num_experts > 0 && (layer + 1) % decoder_sparse_step == 0 &&
         std::find(mlp_only_layers.begin(), mlp_only_layers.end(), layer) == mlp_only_layers.end();
}

void validate(const LlamaConfig& c, const std::string& file) {
  const auto positive = [&](std::int64_t value, const char* name) {
    if (value < 1) user_error("{}: {} is {}: it must be 1 or more", file, name, value);
  };
  positive(c.vocab_size, "vocab_size");
  positive(c.hidden_size, "hidden_size");
  positive(c.intermediate_size, "intermediate_size");
  positive(c.num_hidden_layers, "num_hidden_layers");
  positive(c.num_attention_heads, "num_attention_heads");
  positive(c.num_key_value_heads, "num_key_value_heads");
  positive(c.head_dim, "head_dim");
  positive(c.max_position_embeddings, "max_position_embeddings");
  if (c.head_dim % 2 != 0) user_error("{}: head_dim is {}: it must be even", file, c.head_dim);
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    user_error("{}: num_attention_heads {} is no multiple of num_key_value_heads {}", file, c.num_attention_heads,
               c.num_key_value_heads);
  if (c.num_experts == 0) return;
  positive(c.num_experts, "num_experts");
  positive(c.num_experts_per_tok, "num_experts_per_tok");
  positive(c.moe_intermediate_size, "moe_intermediate_size");
  positive(c.decoder_sparse_step, "decoder_sparse_step");
  if (c.num_experts_per_tok > c.num_experts)
    user_error("{}: num_experts_per_tok {} is above num_experts {}", file, c.num_experts_per_tok, c.num_experts);
}

}  // namespace r1::model
