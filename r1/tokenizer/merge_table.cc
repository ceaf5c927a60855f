// Short pieces (nearly all) are scanned anew for each merge; long ones keep their candidate pairs in a heap.
#include "r1/tokenizer/merge_table.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <queue>
#include <unordered_map>

#include "r1/core/error.h"
#include "r1/tokenizer/byte_level.h"

namespace r1::tokenizer {
namespace {

constexpr std::size_t kShort = 32;  // bytes; above it the heap wins
constexpr std::uint32_t kNone = PairMap::kNone;

using TokenIds = std::unordered_map<std::string_view, std::int32_t>;

/// By id: whether merging may make this token (it is not special, added or empty).
std::vector<bool> mergeable_ids(const Model& model) {
  std::vector<bool> mergeable(model.tokens.size());
  for (std::size_t id = 0; id < mergeable.size(); ++id) mergeable[id] = !model.tokens[id].empty();
  for (const auto* list : {&model.special_tokens, &model.added_tokens})
    for (const auto& [text, id] : *list)
      if (static_cast<std::size_t>(id) < mergeable.size()) mergeable[id] = false;
  return mergeable;
}

/// Bytes -> the lowest id of the tokens that merging may make.
TokenIds mergeable_tokens(const Model& model) {
  const std::vector<bool> mergeable = mergeable_ids(model);
  TokenIds ids;
  ids.reserve(mergeable.size());
  for (std::size_t id = 0; id < mergeable.size(); ++id)
    if (mergeable[id]) ids.emplace(model.tokens[id], static_cast<std::int32_t>(id));
  return ids;
}

std::string why_special_inconsistent(const Model& model) {
  const std::int64_t highest =
      highest_id(model.tokens.size() + model.special_tokens.size() + model.added_tokens.size());
  std::unordered_map<std::string_view, std::int32_t> id_of;
  std::unordered_map<std::int32_t, std::string_view> text_of;
  for (const auto* list : {&model.special_tokens, &model.added_tokens}) {
    for (const auto& [text, id] : *list) {
      if (text.empty()) return fmt::format("special token {} has no text", id);
      if (id < 0 || id > highest)
        return fmt::format("special token {} has the id {}, outside of 0..{}", text, id, highest);
      if (!id_of.emplace(text, id).second) return fmt::format("special token {} is given twice", text);
      if (!text_of.emplace(id, text).second)
        return fmt::format("special tokens {} and {} share the id {}", text_of[id], text, id);
      if (static_cast<std::size_t>(id) < model.tokens.size() && model.tokens[id] != text)
        return fmt::format("id {} is special token {} and token {} at once", id, text, to_printable(model.tokens[id]));
    }
  }
  return "";
}

}  // namespace

std::int64_t highest_id(std::size_t num_tokens) {
  constexpr std::int64_t kGaps = 1 << 16, kMostIds = 1 << 24;
  return std::min(2 * static_cast<std::int64_t>(num_tokens) + kGaps, kMostIds) - 1;
}

std::string why_inconsistent(const Model& model) {
  if (std::string why = why_special_inconsistent(model); !why.empty()) return why;
  const TokenIds ids = mergeable_tokens(model);
  const std::vector<bool> mergeable = mergeable_ids(model);
  for (std::size_t id = 0; id < mergeable.size(); ++id)
    if (mergeable[id] && ids.at(model.tokens[id]) != static_cast<std::int64_t>(id))
      return fmt::format("ids {} and {} are both {}", ids.at(model.tokens[id]), id, to_printable(model.tokens[id]));
  const auto num_tokens = static_cast<std::int64_t>(model.tokens.size());
  if (model.unknown && (*model.unknown < 0 || *model.unknown >= num_tokens))
    return fmt::format("the unknown token's id {} is outside of {} tokens", *model.unknown, num_tokens);
  PairMap seen;
  for (std::size_t rank = 0; rank < model.merges.size(); ++rank) {
    const auto [left, right] = model.merges[rank];
    if (std::min(left, right) < 0 || std::max(left, right) >= num_tokens)
      return fmt::format("merge {} joins the ids {} and {} of {} tokens", rank, left, right, num_tokens);
    if (!ids.contains(model.tokens[left] + model.tokens[right]))
      return fmt::format("merge {} makes {}, which is no token", rank,
                         to_printable(model.tokens[left] + model.tokens[right]));
    if (seen.find_or_insert(left, right, static_cast<std::uint32_t>(rank)) != rank)
      return fmt::format("merge {} repeats merge {}", rank, seen.find(left, right));
  }
  return "";
}

MergeTable::MergeTable(const Model& model) {
  const TokenIds ids = mergeable_tokens(model);
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(std::string(1, static_cast<char>(byte)));
    byte_ids_[byte] = found != ids.end() ? found->second : model.unknown.value_or(kNoId);
    every_byte_ = every_byte_ && byte_ids_[byte] != kNoId;
  }
  merged_.reserve(model.merges.size());
  for (const auto& [left, right] : model.merges) {
    const std::int32_t merged = ids.at(model.tokens[left] + model.tokens[right]);
    const bool ranks_alike = model.rank_by_token && !merged_.empty() && merged_.back() == merged;
    if (!ranks_alike) merged_.push_back(merged);
    rank_of_.find_or_insert(left, right, static_cast<std::uint32_t>(merged_.size() - 1));
  }
}

void MergeTable::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::string kept;
  if (!every_byte_) {
    std::ranges::copy_if(piece, std::back_inserter(kept), [&](char byte) { return byte_id(byte) != kNoId; });
    piece = kept;
  }
  if (piece.size() <= kShort) {
    encode_short(piece, ids);
  } else {
    encode_long(piece, ids);
  }
}

void MergeTable::encode_short(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::array<std::int32_t, kShort> symbols;
  std::array<std::uint32_t, kShort> ranks;  // ranks[i]: of the pair (i, i + 1)
  std::size_t size = piece.size();
  if (size == 0) return;
  for (std::size_t i = 0; i < size; ++i) symbols[i] = byte_id(piece[i]);
  for (std::size_t i = 0; i + 1 < size; ++i) ranks[i] = rank_of_.find(symbols[i], symbols[i + 1]);
  while (size > 1) {
    const auto best = std::min_element(ranks.begin(), ranks.begin() + (size - 1));
    if (*best == kNone) break;
    const std::size_t at = best - ranks.begin();
    symbols[at] = merged_[*best];
    std::copy(symbols.begin() + at + 2, symbols.begin() + size, symbols.begin() + at + 1);
    std::copy(ranks.begin() + at + 1, ranks.begin() + (size - 1), ranks.begin() + at);
    --size;
    if (at > 0) ranks[at - 1] = rank_of_.find(symbols[at - 1], symbols[at]);
    if (at + 1 < size) ranks[at] = rank_of_.find(symbols[at], symbols[at + 1]);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.begin() + size);
}

void MergeTable::encode_long(std::string_view piece, std::vector<std::int32_t>& ids) const {
  R1_CHECK(piece.size() < kNone, "a piece of {} bytes is too long: split the text", piece.size());
  const auto size = static_cast<std::uint32_t>(piece.size());
  constexpr std::int32_t kGone = -1;
  std::vector<std::int32_t> symbols(size);
  std::vector<std::uint32_t> next(size), previous(size);  // a doubly linked list; size and kNone end it
  std::transform(piece.begin(), piece.end(), symbols.begin(), [&](char c) { return byte_id(c); });
  std::iota(next.begin(), next.end(), 1U);
  std::iota(previous.begin(), previous.end(), kNone);  // kNone + 1 == 0

  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> candidates;  // rank << 32 | position
  const auto rank_at = [&](std::uint32_t at) {
    return next[at] < size && symbols[at] != kGone ? rank_of_.find(symbols[at], symbols[next[at]]) : kNone;
  };
  const auto propose = [&](std::uint32_t at) {
    if (const std::uint32_t rank = rank_at(at); rank != kNone) candidates.push(std::uint64_t{rank} << 32 | at);
  };
  for (std::uint32_t at = 0; at < size; ++at) propose(at);
  while (!candidates.empty()) {
    const auto rank = static_cast<std::uint32_t>(candidates.top() >> 32);
    const auto at = static_cast<std::uint32_t>(candidates.top());
    candidates.pop();
    if (rank_at(at) != rank) continue;  // one of the two has been merged since
    const std::uint32_t right = next[at];
    symbols[at] = merged_[rank];
    symbols[right] = kGone;
    next[at] = next[right];
    if (next[at] < size) previous[next[at]] = at;
    if (previous[at] != kNone) propose(previous[at]);
    propose(at);
  }
  for (std::uint32_t at = 0; at < size; at = next[at]) ids.push_back(symbols[at]);
}

}  // namespace r1::tokenizer
