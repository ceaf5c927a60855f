// The second half of BPE training: from counted pieces of text to the list of merges. Each step merges the pair with
// the highest count (ties: the smaller left id, then right id) and updates the counts of the pairs beside it, so a step
// costs what it changes. Counting pieces is in bpe_trainer.cc. The result does not depend on the order in which pieces
// are added.
#pragma once

#include <cstdint>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "r1/tokenizer/pair_map.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {

class MergeLearner {
 public:
  /// `model` holds the bytes (and special tokens) and gets the merges and their tokens.
  explicit MergeLearner(Model& model);

  /// A piece of text that occurs `count` times.
  void add(std::string_view piece, std::int64_t count);

  /// Merges until the model has `vocab_size` tokens or no pair occurs `min_frequency` times. Called once.
  void learn(std::int64_t vocab_size, std::int64_t min_frequency);

 private:
  struct Word {
    std::size_t begin;  // in symbols_
    std::uint32_t size;
    std::int64_t count;
  };
  struct Pair {
    std::int32_t left;
    std::int32_t right;
    std::int64_t count = 0;
    std::int64_t touched = -1;  // the last step that raised the count
    bool merged = false;
    std::vector<std::uint32_t> words;  // where it occurs or once did
  };
  struct Candidate {
    std::int64_t count;
    std::int32_t left;
    std::int32_t right;
    bool operator<(const Candidate& other) const {  // the queue's top is the greatest
      if (count != other.count) return count < other.count;
      return std::pair(left, right) > std::pair(other.left, other.right);
    }
  };

  void count_pairs();
  void change(std::int32_t left, std::int32_t right, std::int64_t delta, std::uint32_t word);
  void merge_in_word(std::uint32_t word, const Candidate& pair, std::int32_t merged);
  void push_touched();

  Model& model_;
  std::vector<std::int32_t> byte_ids_;  // by byte
  std::vector<std::int32_t> symbols_;  // all words, one after the other
  std::vector<Word> words_;
  std::vector<Pair> pairs_;
  PairMap pair_index_;
  std::vector<std::uint32_t> touched_;  // pairs whose count this step raised
  std::int64_t step_ = 0;
  std::int64_t min_frequency_ = 0;
  std::priority_queue<Candidate> queue_;  // an entry's count may be too high, never too low
};

}  // namespace r1::tokenizer
