// Checks of the configuration (config.h).
#include "r1/model/families/llama/config.h"

#include "r1/core/error.h"

namespace r1::model {

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
}

}  // namespace r1::model
