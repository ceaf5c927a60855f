// The engine's cache: one block of rows per slot. Expanded keys and values (exact numerics) or MLA's latent (fast
// numerics). Memory: slots * tokens * layers * heads * (qk + v) elements expanded, * (kv_lora_rank + rope) absorbed.
#pragma once

#include <cstdint>

#include "r1/model/decoder.h"

namespace r1::rollout {

class KvCache {
 public:
  KvCache(const model::Decoder& model, std::int64_t slots, std::int64_t tokens_per_slot, bool absorbed);

  /// The row of token `position` of `slot`.
  std::int64_t row(std::int64_t slot, std::int64_t position) const { return slot * tokens_per_slot_ + position; }
  /// Gives slot `to` what slot `from` holds of its first `tokens` tokens.
  void copy(std::int64_t from, std::int64_t to, std::int64_t tokens);
  /// The layers' tensors; write_rows is the caller's to fill.
  model::KvView& view() { return view_; }

 private:
  std::int64_t tokens_per_slot_;
  model::KvView view_;
};

}  // namespace r1::rollout
