// Tokens of the next step (scheduler.h).
#include "r1/rollout/scheduler.h"

#include <algorithm>
#include <map>
#include <span>

namespace r1::rollout {

namespace {

struct LexicographicLess {
  bool operator()(std::span<const std::int32_t> a, std::span<const std::int32_t> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

/// Samples of one prompt compute it once: a new sequence copies the cached prompt of one that has it, all but the
/// last token, whose logits it needs, and waits while another one is about to have it. Changes no bit: a row of the
/// cache is the same whoever computes it.
void share_prompts(std::vector<Sequence>& active, KvCache& cache) {
  std::map<std::span<const std::int32_t>, const Sequence*, LexicographicLess> owners;
  for (const Sequence& a : active)
    if (a.cached > 0) owners.try_emplace(a.request->prompt, &a);
  for (Sequence& a : active) {
    if (a.cached > 0) continue;
    const auto [owner, first] = owners.try_emplace(a.request->prompt, &a);
    const std::int64_t shared = static_cast<std::int64_t>(a.request->prompt.size()) - 1;
    a.waits = !first && owner->second->cached < shared;
    if (first || a.waits) continue;
    cache.copy(owner->second->slot, a.slot, shared);
    a.cached = shared;
  }
}

}  // namespace

void schedule(std::vector<Sequence>& active, KvCache& cache, std::int64_t prefill_tokens, StepInput& in) {
  share_prompts(active, cache);
  std::int64_t prefill_left = prefill_tokens;
  for (Sequence& a : active) {
    const std::int64_t wanted = a.length() - a.cached;
    a.scheduled = a.waits ? 0 : wanted == 1 ? 1 : std::min(wanted, prefill_left);
    if (wanted > 1) prefill_left -= a.scheduled;
    for (std::int64_t i = a.cached; i < a.cached + a.scheduled; ++i) {
      in.ids.push_back(a.token(i));
      in.positions.push_back(static_cast<std::int32_t>(i));
      in.write.push_back(cache.row(a.slot, i));
      in.begin.push_back(cache.row(a.slot, 0));
      in.end.push_back(cache.row(a.slot, i) + 1);
    }
    a.cached += a.scheduled;
    if (a.cached == a.length()) {
      in.last.push_back(static_cast<std::int64_t>(in.ids.size()) - 1);
      in.samplers.push_back(&a);
    }
  }
}

}  // namespace r1::rollout
