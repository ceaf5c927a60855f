// Remembers the ids of short pieces of text, because words repeat. A fixed table in which a new piece takes the place
// of the old one in its slot, cut into shards with a lock each: any number of threads, bounded memory (4 MB), no effect
// on results.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "r1/core/hash.h"

namespace r1::tokenizer {

class PieceCache {
 public:
  static constexpr std::size_t kMaxBytes = 30;
  static constexpr std::size_t kMaxIds = 8;

  PieceCache() : shards_(std::make_unique<std::array<Shard, kNumShards>>()) {}

  /// Appends the ids of `piece` to `ids` when it is known. Pieces have 1 to kMaxBytes bytes.
  bool append(std::string_view piece, std::vector<std::int32_t>& ids) {
    const Place place = place_of(piece);
    const std::lock_guard lock(place.shard.mutex);
    if (place.slot.num_bytes != piece.size() || std::memcmp(place.slot.bytes, piece.data(), piece.size()) != 0)
      return false;
    ids.insert(ids.end(), place.slot.ids, place.slot.ids + place.slot.num_ids);
    return true;
  }

  /// Remembers the `num_ids` ids of `piece`; more than kMaxIds are not kept.
  void store(std::string_view piece, const std::int32_t* ids, std::size_t num_ids) {
    if (num_ids > kMaxIds) return;
    const Place place = place_of(piece);
    const std::lock_guard lock(place.shard.mutex);
    place.slot.num_bytes = static_cast<std::uint8_t>(piece.size());
    place.slot.num_ids = static_cast<std::uint8_t>(num_ids);
    std::memcpy(place.slot.bytes, piece.data(), piece.size());
    std::copy_n(ids, num_ids, place.slot.ids);  // a piece may have no ids: bytes without a token
  }

 private:
  static constexpr std::size_t kNumShards = 64;
  static constexpr std::size_t kSlotsPerShard = 1024;
  struct Slot {  // one cache line
    std::uint8_t num_bytes = 0;
    std::uint8_t num_ids = 0;
    char bytes[kMaxBytes] = {};
    std::int32_t ids[kMaxIds] = {};
  };
  struct Shard {
    std::mutex mutex;
    alignas(64) std::array<Slot, kSlotsPerShard> slots;
  };
  struct Place {
    Shard& shard;
    Slot& slot;
  };

  Place place_of(std::string_view piece) {
    const std::uint64_t hash = core::hash64(piece);
    Shard& shard = (*shards_)[hash % kNumShards];
    return {shard, shard.slots[hash / kNumShards % kSlotsPerShard]};
  }

  std::unique_ptr<std::array<Shard, kNumShards>> shards_;
};

}  // namespace r1::tokenizer
