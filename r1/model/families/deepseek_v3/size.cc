// Sizes by part (size.h).
#include "r1/model/families/deepseek_v3/size.h"

namespace r1::model {

ModelSize model_size(const DeepseekV3Config& c) {
  const auto d = static_cast<double>(c.hidden_size), heads = static_cast<double>(c.num_attention_heads);
  const auto nope = static_cast<double>(c.qk_nope_head_dim), rope = static_cast<double>(c.qk_rope_head_dim);
  const auto v = static_cast<double>(c.v_head_dim), q_rank = static_cast<double>(c.q_lora_rank);
  const auto kv_rank = static_cast<double>(c.kv_lora_rank), experts = static_cast<double>(c.n_routed_experts);
  const double query =
      c.q_lora_rank == 0 ? d * heads * (nope + rope) : d * q_rank + q_rank + q_rank * heads * (nope + rope);
  const double attention = query + d * (kv_rank + rope) + kv_rank + kv_rank * heads * (nope + v) + heads * v * d;
  const double expert = 3.0 * d * static_cast<double>(c.moe_intermediate_size);
  const double router = experts * d + experts;
  const double shared = static_cast<double>(c.n_shared_experts) * expert;
  const double dense = 3.0 * d * static_cast<double>(c.intermediate_size);
  const auto layers = static_cast<double>(c.num_hidden_layers), first = static_cast<double>(c.first_k_dense_replace);
  const double norms = 2.0 * d;
  const double common = 2.0 * static_cast<double>(c.vocab_size) * d + d + layers * (attention + norms) + first * dense +
                        (layers - first) * (router + shared);
  return {.parameters = common + (layers - first) * experts * expert,
          .active_parameters = common + (layers - first) * static_cast<double>(c.num_experts_per_tok) * expert};
}

}  // namespace r1::model
