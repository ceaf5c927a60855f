// The merge loop of BPE: a piece of text starts as its bytes, and as long as two neighbours form a pair of the merge
// list, the pair of lowest rank (of those the leftmost) becomes one token. Sennrich et al. 2016, on bytes. It knows no
// regular expressions and no special tokens.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "r1/tokenizer/pair_map.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {

class MergeTable {
 public:
  /// `model` must be consistent (why_inconsistent).
  explicit MergeTable(const Model& model);

  /// Appends the ids of `piece`; bytes that have none are left out first. Time: n log n in the length of the piece.
  /// Thread-safe.
  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const;
  /// kNoId: the byte has no token and the model no unknown one.
  static constexpr std::int32_t kNoId = -1;
  std::int32_t byte_id(char byte) const { return byte_ids_[static_cast<std::uint8_t>(byte)]; }

 private:
  void encode_short(std::string_view piece, std::vector<std::int32_t>& ids) const;
  void encode_long(std::string_view piece, std::vector<std::int32_t>& ids) const;

  std::array<std::int32_t, 256> byte_ids_{};
  bool every_byte_ = true;                 // has an id
  PairMap rank_of_;                        // pair -> index into merged_
  std::vector<std::int32_t> merged_;       // rank -> id of the merged token
};

/// The highest id that a tokenizer of `num_tokens` tokens may use. There may be gaps, but tables are kept by id: a
/// mistyped one must not eat the memory.
std::int64_t highest_id(std::size_t num_tokens);

/// What is wrong with `model`, in one line; empty when nothing is.
std::string why_inconsistent(const Model& model);

}  // namespace r1::tokenizer
