// A hash map from a pair of token ids to a number, open addressing with linear probing: the inner loop of BPE, in
// training (pair -> its statistics) and in encoding (pair -> its rank). Nothing is ever removed.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace r1::tokenizer {

class PairMap {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  PairMap() : slots_(kMinSlots) {}

  /// The value of (left, right), or kNone. Ids are not negative.
  std::uint32_t find(std::int32_t left, std::int32_t right) const { return slots_[locate(key_of(left, right))].value; }

  /// The value of (left, right); when the pair is new it becomes `value` first.
  std::uint32_t find_or_insert(std::int32_t left, std::int32_t right, std::uint32_t value) {
    Slot& slot = slots_[locate(key_of(left, right))];
    if (slot.key != kNoKey) return slot.value;
    slot = {key_of(left, right), value};
    if (++size_ * 2 > slots_.size()) grow();
    return value;
  }

 private:
  static constexpr std::size_t kMinSlots = 1024;
  static constexpr std::uint64_t kNoKey = UINT64_MAX;
  struct Slot {
    std::uint64_t key = kNoKey;
    std::uint32_t value = kNone;
  };

  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t locate(std::uint64_t key) const {
    const std::uint64_t mixed = (key ^ key >> 29) * 0x9E3779B97F4A7C15ULL;
    std::size_t i = (mixed ^ mixed >> 32) & (slots_.size() - 1);
    while (slots_[i].key != key && slots_[i].key != kNoKey) i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.key != kNoKey) slots_[locate(slot.key)] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace r1::tokenizer
