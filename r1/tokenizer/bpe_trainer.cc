// Pieces are counted by all threads, each into a map of its own; sums do not depend on who counted what. Then
// MergeLearner.
#include "r1/tokenizer/bpe_trainer.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "r1/core/error.h"
#include "r1/core/log.h"
#include "r1/core/threads.h"
#include "r1/tokenizer/byte_level.h"
#include "r1/tokenizer/merge_learner.h"
#include "r1/tokenizer/pre_tokenizer.h"
#include "r1/tokenizer/special_finder.h"

namespace r1::tokenizer {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 20;
constexpr std::size_t kUnitBytes = std::size_t{1} << 18;  // what a thread takes at a time

using Counts = std::unordered_map<std::string_view, std::int64_t>;  // keys point into the documents

/// Cuts long documents after line ends: an end of line after kPartBytes, whatever the number of threads.
std::vector<std::string_view> parts_of(const std::vector<std::string_view>& documents) {
  std::vector<std::string_view> parts;
  for (std::string_view document : documents) {
    while (document.size() > kPartBytes) {
      const std::size_t line_end = document.find('\n', kPartBytes);
      if (line_end == std::string_view::npos) break;
      parts.push_back(document.substr(0, line_end + 1));
      document.remove_prefix(line_end + 1);
    }
    parts.push_back(document);
  }
  return parts;
}

/// First part of each unit of work, and the number of parts at the end: units of at least kUnitBytes.
std::vector<std::size_t> unit_bounds(const std::vector<std::string_view>& parts) {
  std::vector<std::size_t> bounds = {0};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    bytes += parts[i].size();
    if (bytes < kUnitBytes && i + 1 < parts.size()) continue;
    bounds.push_back(i + 1);
    bytes = 0;
  }
  return bounds;
}

Counts count_pieces(const std::vector<std::string_view>& documents, const Model& model, std::size_t num_threads) {
  const std::vector<std::string_view> parts = parts_of(documents);
  const std::vector<std::size_t> bounds = unit_bounds(parts);
  const PreTokenizer pre_tokenizer(model.split_patterns);
  const SpecialFinder specials(model);
  std::vector<Counts> counts(num_threads);
  std::atomic<std::size_t> next_unit = 0;
  core::parallel_for(num_threads, num_threads, [&](std::size_t thread) {
    const auto count_text = [&](std::string_view text) {
      pre_tokenizer.for_each_piece(text, [&](std::string_view piece) { ++counts[thread][piece]; });
    };
    for (std::size_t unit = next_unit++; unit + 1 < bounds.size(); unit = next_unit++)
      for (std::size_t i = bounds[unit]; i < bounds[unit + 1]; ++i)
        specials.cut(parts[i], count_text, [](std::int32_t) {});
  });
  for (std::size_t thread = 1; thread < num_threads; ++thread) {
    for (const auto& [piece, count] : counts[thread]) counts[0][piece] += count;
    counts[thread] = {};
  }
  return std::move(counts[0]);
}

/// The vocabulary before any merge: special tokens, then bytes.
Model initial_model(const BpeConfig& config) {
  Model model;
  model.split_patterns = split_patterns(config.pattern);
  for (const std::string& special : config.special_tokens) {
    if (special.empty()) user_error("special_tokens: an entry is empty");
    const auto same = [&](const auto& other) { return other.first == special; };
    if (std::any_of(model.special_tokens.begin(), model.special_tokens.end(), same))
      user_error("special_tokens: {} is given twice", special);
    model.special_tokens.emplace_back(special, static_cast<std::int32_t>(model.tokens.size()));
    model.tokens.push_back(special);
  }
  const auto smallest = static_cast<std::int64_t>(model.tokens.size() + 256);
  if (config.vocab_size < smallest || config.vocab_size > 1 << 24)
    user_error("vocab_size {} must be {} (256 bytes and {} special tokens) to {}", config.vocab_size, smallest,
               model.special_tokens.size(), 1 << 24);
  for (const std::uint8_t byte : byte_alphabet()) model.tokens.emplace_back(1, static_cast<char>(byte));
  return model;
}

}  // namespace

void fields(core::FieldVisitor& v, BpeConfig& c) {
  v("vocab_size", c.vocab_size, "tokens in all: special tokens, 256 bytes, merges");
  v("special_tokens", c.special_tokens, "texts that get the first ids, in order");
  v("pattern", c.pattern,
    "pre-tokenizer: deepseek_v3, single_digits (the same, one digit a piece), another of split_patterns.h, or a "
    "regular expression");
  v("min_frequency", c.min_frequency, "pairs seen less often are not merged");
  v("num_threads", c.num_threads, "threads that count; 0 = all cores; no effect on the result");
}

Tokenizer train_bpe(const std::vector<std::string_view>& documents, const BpeConfig& config) {
  if (config.num_threads < 0) user_error("num_threads {} is negative: give 0 for all cores", config.num_threads);
  const std::size_t num_threads =
      config.num_threads > 0 ? static_cast<std::size_t>(config.num_threads) : core::num_cores();
  Model model = initial_model(config);
  {
    Counts counts = count_pieces(documents, model, num_threads);
    MergeLearner learner(model);
    for (const auto& [piece, count] : counts) learner.add(piece, count);
    counts = {};
    learner.learn(config.vocab_size, config.min_frequency);
  }
  const auto size = static_cast<std::int64_t>(model.tokens.size());
  if (size < config.vocab_size)
    R1_LOG(warn, "the vocabulary has {} of {} tokens: no other pair occurs {} times", size, config.vocab_size,
           config.min_frequency);
  return Tokenizer(std::move(model));
}

}  // namespace r1::tokenizer
