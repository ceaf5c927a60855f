// Byte-level BPE training: count pre-tokens (multi-threaded), then merge the most frequent pair until the vocabulary is
// full. Deterministic: ties go to the pair with the smaller ids; the result does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "r1/core/config.h"
#include "r1/tokenizer/split_patterns.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {

struct BpeConfig {
  std::int64_t vocab_size = 4096;  // base tokens + special tokens; 256 bytes + specials at least
  std::vector<std::string> special_tokens = {"<|bos|>", "<|eos|>", "<|pad|>"};  // get the first ids, in order
  std::string pattern =
      "deepseek_v3";  // deepseek_v3 | single_digits (the same with one digit a piece) | ... (split_patterns.h)
  std::int64_t min_frequency = 2;  // pairs seen less often are not merged
  std::int64_t num_threads = 0;  // 0 = all cores
};
void fields(core::FieldVisitor& v, BpeConfig& c);

/// Trains on documents (any bytes). Ids: special tokens, the 256 bytes in byte_alphabet()'s order, then one per merge.
/// Special tokens written in the text cut it and are not counted. A document of over 1 MB is counted in parts that end
/// with a line. The vocabulary stays smaller than asked (with a warning) when no pair is frequent enough. UserError
/// when vocab_size is too small for the bytes and special tokens.
Tokenizer train_bpe(const std::vector<std::string_view>& documents, const BpeConfig& config);

}  // namespace r1::tokenizer
