// Allocation of the cache (kv_cache.h).
#include "r1/rollout/kv_cache.h"

#include "r1/tensor/ops/attention.h"

namespace r1::rollout {

KvCache::KvCache(const model::Decoder& model, std::int64_t slots, std::int64_t tokens_per_slot, bool absorbed)
    : tokens_per_slot_(tensor::whole_key_panels(tokens_per_slot)) {
  const model::DecoderShape& c = model.shape();
  const at::TensorOptions options = at::TensorOptions().dtype(model.dtype()).device(model.device());
  const std::int64_t rows = slots * tokens_per_slot_;
  view_.absorbed = absorbed;
  for (std::int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    if (absorbed) {
      view_.k.push_back(at::empty({rows, 1, c.latent_dim}, options));
    } else {
      view_.k.push_back(tensor::empty_key_panels(rows, c.kv_heads, c.key_dim, options));
      view_.v.push_back(at::empty({rows, c.kv_heads, c.value_dim}, options));
    }
  }
}

void KvCache::copy(std::int64_t from, std::int64_t to, std::int64_t tokens) {
  const auto copy_rows = [&](const at::Tensor& x, std::int64_t unit) {  // x [rows / unit, ...]
    const std::int64_t slot = tokens_per_slot_ / unit, count = (tokens + unit - 1) / unit;
    x.narrow(0, to * slot, count).copy_(x.narrow(0, from * slot, count));
  };
  for (const at::Tensor& k : view_.k) copy_rows(k, k.dim() == 4 ? tensor::whole_key_panels(1) : 1);
  for (const at::Tensor& v : view_.v) copy_rows(v, 1);
}

}  // namespace r1::rollout
