// Continuous batching: which tokens of which sequences go into the next forward. All prompt tokens of newly filled
// slots that fit, and one token of every decoding sequence; three counters say all there is about a sequence: tokens
// known, tokens cached, tokens scheduled now. It runs no model and samples nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "r1/core/rng.h"
#include "r1/rollout/engine.h"
#include "r1/rollout/kv_cache.h"

namespace r1::rollout {

/// A sequence in a slot.
struct Sequence {
  const Request* request = nullptr;
  Completion* completion = nullptr;
  std::int64_t slot = 0;
  std::int64_t cached = 0;     // tokens in the cache
  std::int64_t scheduled = 0;  // tokens of this step's forward
  bool waits = false;          // for another sequence that computes the same prompt
  core::Rng rng{core::RngKey{}};

  std::int64_t length() const { return static_cast<std::int64_t>(request->prompt.size() + completion->ids.size()); }
  std::int64_t token(std::int64_t i) const {
    const auto index = static_cast<std::size_t>(i);
    return index < request->prompt.size() ? request->prompt[index] : completion->ids[index - request->prompt.size()];
  }
};

/// Tensors of one step, filled token by token.
struct StepInput {
  std::vector<std::int64_t> ids, begin, end, write;
  std::vector<std::int32_t> positions;
  std::vector<std::int64_t> last;  // flat row whose logits are wanted, one per entry of `samplers`
  std::vector<Sequence*> samplers;
};

/// Fills the next step: at most `prefill_tokens` tokens of prompts. Samples of one prompt compute it once.
void schedule(std::vector<Sequence>& active, KvCache& cache, std::int64_t prefill_tokens, StepInput& in);

}  // namespace r1::rollout
