// The shape of a DeepSeek-V3 or -V2 model (config.json of Hugging Face's `deepseek_v3` and `deepseek_v2`, same names);
// the two differ in their routers alone. No torch type here: recipes hold it. Defaults that differ from Hugging Face's
// boilerplate are the V3 report's: init std 0.006, balance loss 1e-4.
#pragma once

#include <cstdint>
#include <string>

#include "r1/core/config.h"
#include "r1/model/layers/rope_spec.h"

namespace r1::model {

/// YaRN (DeepSeek-V3 section 4.3); factor 1 = plain RoPE.
struct RopeScaling {
  double factor = 1.0;
  std::int64_t original_max_position_embeddings = 4096;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double mscale = 1.0;
  double mscale_all_dim = 1.0;
};
void fields(core::FieldVisitor& v, RopeScaling& c);

struct DeepseekV3Config {
  std::int64_t vocab_size = 0;  // 0 in a recipe: the tokenizer's
  std::int64_t hidden_size = 128;
  std::int64_t num_hidden_layers = 4;
  std::int64_t num_attention_heads = 4;
  std::int64_t q_lora_rank = 64;  // 0: plain q_proj (config.json: null)
  std::int64_t kv_lora_rank = 32;
  std::int64_t qk_nope_head_dim = 16;
  std::int64_t qk_rope_head_dim = 16;
  std::int64_t v_head_dim = 32;
  std::int64_t intermediate_size = 384;
  std::int64_t moe_intermediate_size = 96;
  std::int64_t first_k_dense_replace = 1;
  std::int64_t n_routed_experts = 8;
  std::int64_t n_shared_experts = 1;
  std::int64_t num_experts_per_tok = 2;
  std::int64_t n_group = 1;
  std::int64_t topk_group = 1;
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1.0;
  std::int64_t num_nextn_predict_layers = 0;  // multi-token prediction modules (0 or 1)
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  std::int64_t max_position_embeddings = 1024;
  double rms_norm_eps = 1e-6;
  double initializer_range = 0.006;
  std::string model_type = "deepseek_v3";  // | deepseek_v2, of checkpoints alone: no field of a recipe
};
void fields(core::FieldVisitor& v, DeepseekV3Config& c);

/// UserError when the sizes do not fit together, naming field and value; `where` is what stands before a field's name.
void validate(const DeepseekV3Config& config, const std::string& where = "model.");
/// Its rotary angles.
RopeSpec rope_spec(const DeepseekV3Config& config);

/// Hugging Face's config.json (extra keys of a file are ignored, missing ones are errors; what we can't run is refused
/// by name).
std::string to_hf_json(const DeepseekV3Config& config, const std::string& dtype);
/// deepseek_v2's topk_method `greedy` is one group here.
DeepseekV3Config from_hf_json(const std::string& text, const std::string& file_name);

}  // namespace r1::model
