// Counts that fell are corrected when their entry reaches the top of the queue; counts that rose get a new entry.
#include "r1/tokenizer/merge_learner.h"

#include <algorithm>
#include <string>

#include "r1/core/error.h"

namespace r1::tokenizer {

MergeLearner::MergeLearner(Model& model) : model_(model), byte_ids_(256, -1) {
  for (std::size_t id = 0; id < model.tokens.size(); ++id)
    if (model.tokens[id].size() == 1)
      byte_ids_[static_cast<std::uint8_t>(model.tokens[id][0])] = static_cast<std::int32_t>(id);
}

void MergeLearner::add(std::string_view piece, std::int64_t count) {
  if (piece.size() < 2) return;
  R1_CHECK(words_.size() < UINT32_MAX && piece.size() < UINT32_MAX, "{} pieces, one of {} bytes", words_.size(),
           piece.size());
  words_.push_back({symbols_.size(), static_cast<std::uint32_t>(piece.size()), count});
  for (const char c : piece) symbols_.push_back(byte_ids_[static_cast<std::uint8_t>(c)]);
}

void MergeLearner::change(std::int32_t left, std::int32_t right, std::int64_t delta, std::uint32_t word) {
  const std::uint32_t index = pair_index_.find_or_insert(left, right, static_cast<std::uint32_t>(pairs_.size()));
  if (index == pairs_.size()) pairs_.push_back({.left = left, .right = right, .words = {}});
  Pair& pair = pairs_[index];
  pair.count += delta;
  if (delta < 0) return;
  if (pair.words.empty() || pair.words.back() != word) pair.words.push_back(word);
  if (pair.touched != step_) touched_.push_back(index);
  pair.touched = step_;
}

void MergeLearner::push_touched() {
  for (const std::uint32_t index : touched_)
    if (const Pair& pair = pairs_[index]; pair.count >= min_frequency_)
      queue_.push({pair.count, pair.left, pair.right});
  touched_.clear();
  ++step_;
}

void MergeLearner::count_pairs() {
  for (std::uint32_t w = 0; w < words_.size(); ++w) {
    const std::int32_t* symbols = symbols_.data() + words_[w].begin;
    for (std::uint32_t i = 0; i + 1 < words_[w].size; ++i) change(symbols[i], symbols[i + 1], words_[w].count, w);
  }
  push_touched();
}

void MergeLearner::merge_in_word(std::uint32_t w, const Candidate& pair, std::int32_t merged) {
  Word& word = words_[w];
  std::int32_t* symbols = symbols_.data() + word.begin;
  std::uint32_t out = 0;
  for (std::uint32_t i = 0; i < word.size; ++i) {
    const bool here = symbols[i] == pair.left && i + 1 < word.size && symbols[i + 1] == pair.right;
    if (!here) {
      symbols[out++] = symbols[i];
      continue;
    }
    change(pair.left, pair.right, -word.count, w);
    if (out > 0) {
      change(symbols[out - 1], pair.left, -word.count, w);
      change(symbols[out - 1], merged, word.count, w);
    }
    if (i + 2 < word.size) {
      change(pair.right, symbols[i + 2], -word.count, w);
      change(merged, symbols[i + 2], word.count, w);
    }
    symbols[out++] = merged;
    ++i;
  }
  word.size = out;
}

void MergeLearner::learn(std::int64_t vocab_size, std::int64_t min_frequency) {
  min_frequency_ = std::max<std::int64_t>(min_frequency, 1);
  count_pairs();
  std::unordered_map<std::string, std::int32_t> id_of;  // two pairs may make the same bytes: one token, two merges
  while (static_cast<std::int64_t>(model_.tokens.size()) < vocab_size && !queue_.empty()) {
    const Candidate top = queue_.top();
    queue_.pop();
    const std::uint32_t index = pair_index_.find(top.left, top.right);
    const std::int64_t count = pairs_[index].count;
    if (count != top.count) {
      if (count < top.count && count >= min_frequency_) queue_.push({count, top.left, top.right});
      continue;
    }
    const std::string bytes = model_.tokens[top.left] + model_.tokens[top.right];
    const auto [token, is_new] = id_of.emplace(bytes, static_cast<std::int32_t>(model_.tokens.size()));
    if (is_new) model_.tokens.push_back(bytes);
    // A pair can come back when another pair has made its token anew. Encoding merges it by its first rank, so here
    // too.
    if (!pairs_[index].merged) model_.merges.emplace_back(top.left, top.right);
    pairs_[index].merged = true;
    const std::vector<std::uint32_t> words = std::move(pairs_[index].words);
    pairs_[index].words = {};
    for (const std::uint32_t w : words) merge_in_word(w, top, token->second);
    push_touched();
  }
}

}  // namespace r1::tokenizer
