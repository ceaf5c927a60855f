// Allocation of the cache (kv_cache.h).
#include "r1/rollout/kv_cache.h"

namespace r1::rollout {

KvCache::KvCache(const model::DeepseekV3& model, std::int64_t slots, std::int64_t tokens_per_slot, bool absorbed)
    : tokens_per_slot_(tokens_per_slot) {
  const model::DeepseekV3Config& c = model.config();
  const at::TensorOptions options = at::TensorOptions().dtype(model.dtype());
  const std::int64_t rows = slots * tokens_per_slot;
  view_.absorbed = absorbed;
  for (std::int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    if (absorbed) {
      view_.k.push_back(at::empty({rows, 1, c.kv_lora_rank + c.qk_rope_head_dim}, options));
    } else {
      view_.k.push_back(at::empty({rows, c.num_attention_heads, c.qk_nope_head_dim + c.qk_rope_head_dim}, options));
      view_.v.push_back(at::empty({rows, c.num_attention_heads, c.v_head_dim}, options));
    }
  }
}

}  // namespace r1::rollout
