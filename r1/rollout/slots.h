// Slots of the KV cache: which one a sequence gets, and what the free ones still hold, so that a prompt that begins
// like an earlier one need not be computed again. It moves no rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace r1::rollout {

class Slots {
 public:
  /// `reuse`: remember what given back slots hold.
  Slots(std::int64_t count, bool reuse);

  struct Slot {
    std::int64_t index = 0;
    std::int64_t kept = 0;  // leading tokens of the prompt whose rows are there; less than the prompt has
  };
  bool any_free() const { return !free_.empty(); }
  /// The free slot that holds the longest beginning of `prompt`; there must be one.
  Slot take(std::span<const std::int32_t> prompt);
  /// `held`: the tokens whose rows the slot has.
  void give_back(std::int64_t index, std::vector<std::int32_t> held);
  /// Frees all slots; those that were not given back hold nothing.
  void free_all();

 private:
  bool reuse_;
  std::vector<std::int64_t> free_;  // the last one is taken first
  std::vector<std::vector<std::int32_t>> held_;
};

}  // namespace r1::rollout
