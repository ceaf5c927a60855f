// Slots of the KV cache (slots.h).
#include "r1/rollout/slots.h"

#include <algorithm>
#include <utility>

namespace r1::rollout {

Slots::Slots(std::int64_t count, bool reuse) : reuse_(reuse), held_(static_cast<std::size_t>(count)) { free_all(); }

Slots::Slot Slots::take(std::span<const std::int32_t> prompt) {
  std::size_t best = free_.size() - 1;
  std::int64_t kept = 0;
  for (std::size_t i = 0; reuse_ && i < free_.size(); ++i) {
    const std::vector<std::int32_t>& held = held_[static_cast<std::size_t>(free_[i])];
    const std::span<const std::int32_t> wanted = prompt.first(prompt.size() - 1);
    const auto same = std::mismatch(held.begin(), held.end(), wanted.begin(), wanted.end()).first - held.begin();
    if (same > kept) best = i, kept = same;
  }
  const std::int64_t index = free_[best];
  free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(best));
  held_[static_cast<std::size_t>(index)].clear();
  return {index, kept};
}

void Slots::give_back(std::int64_t index, std::vector<std::int32_t> held) {
  free_.push_back(index);
  if (reuse_) held_[static_cast<std::size_t>(index)] = std::move(held);
}

void Slots::free_all() {
  free_.clear();
  for (std::int64_t slot = static_cast<std::int64_t>(held_.size()); slot > 0; --slot) free_.push_back(slot - 1);
}

}  // namespace r1::rollout
