// The measures behind the flags. N-grams are compared by the hash of their units: a collision would take two different
// n-grams for a repetition, one in 2^64 pairs.
#include "r1/reward/readability.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "r1/core/error.h"
#include "r1/reward/extract.h"
#include "r1/reward/language.h"
#include "r1/reward/unicode.h"

namespace r1::reward {
namespace {

constexpr std::array<std::string_view, 11> kEnglishReflection = {
    "wait", "mistake", "however", "but", "retry", "error", "verify", "wrong", "evaluate", "check", "recheck"};
constexpr std::array<std::string_view, 7> kChineseReflection = {"等等", "等一下", "不对", "重新",
                                                                "验证", "检查",   "错误"};

void check_config(const ReadabilityConfig& c) {
  if (c.ngram < 1 || c.min_ngrams < 0 || c.max_paragraph < 1)
    user_error("readability: ngram and max_paragraph must be positive, min_ngrams 0 or more");
  if (!(c.max_repeated >= 0.0 && c.max_repeated <= 1.0 && c.max_mixing >= 0.0 && c.max_mixing <= 1.0))
    user_error("readability: max_repeated and max_mixing are shares, from 0 to 1");
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Runs of letters (Latin or other) and ASCII digits in lower case, and single Han characters.
std::vector<std::string> units_of(std::string_view text) {
  std::vector<std::string> units;
  std::string run;
  const auto end_run = [&] {
    if (!run.empty()) units.push_back(std::move(run));
    run.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    const char32_t c = next_code_point(text, at);
    const Script script = script_of(c);
    const bool joins = script == Script::Latin || script == Script::Other || (c >= U'0' && c <= U'9');
    if (!joins) end_run();
    if (script == Script::Han) units.emplace_back(text.substr(start, at - start));
    if (joins)
      for (const char byte : text.substr(start, at - start)) run += lower(byte);
  }
  end_run();
  return units;
}

struct Repetition {
  std::size_t total = 0, different = 0;
  double share() const { return total < 2 ? 0.0 : 1.0 - static_cast<double>(different) / static_cast<double>(total); }
};

Repetition repetition_of(std::string_view text, std::size_t n) {
  const std::vector<std::string> units = units_of(text);
  if (units.size() < n) return {};
  std::vector<std::uint64_t> hashes;
  for (const std::string& unit : units) hashes.push_back(std::hash<std::string>()(unit));
  std::unordered_set<std::uint64_t> seen;
  const std::size_t total = units.size() - n + 1;
  for (std::size_t i = 0; i < total; ++i) {
    std::uint64_t mixed = 0;
    for (std::size_t k = 0; k < n; ++k) mixed = (mixed ^ hashes[i + k]) * 0x9E3779B97F4A7C15ULL + (mixed >> 29);
    seen.insert(mixed);
  }
  return {total, seen.size()};
}

std::int64_t occurrences(std::string_view text, std::string_view word) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

bool is_blank(std::string_view line) { return trim(line).empty(); }

}  // namespace

void fields(core::FieldVisitor& v, ReadabilityConfig& c) {
  v("ngram", c.ngram, "length of the n-grams that show repetition, in words, numbers or Han characters");
  v("min_ngrams", c.min_ngrams, "texts with fewer n-grams are never called repetitive");
  v("max_repeated", c.max_repeated, "share of repeated n-grams above which a text is repetitive");
  v("max_paragraph", c.max_paragraph, "characters above which a paragraph is too long");
  v("max_mixing", c.max_mixing, "share of words outside the main script above which languages are mixed");
}

double repeated_ngram_share(std::string_view text, std::int64_t n) {
  R1_CHECK(n >= 1, "n-grams of {} units", n);
  return repetition_of(text, static_cast<std::size_t>(n)).share();
}

std::int64_t longest_paragraph(std::string_view text) {
  std::size_t longest = 0;
  std::size_t paragraph = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // A line break inside a paragraph is one character.
    paragraph = is_blank(line) ? 0 : paragraph + (paragraph > 0 ? 1 : 0) + count_code_points(line);
    longest = std::max(longest, paragraph);
  }
  return static_cast<std::int64_t>(longest);
}

Readability check_readability(std::string_view completion, const ReadabilityConfig& config) {
  check_config(config);
  const std::string_view thought = chain_of_thought(completion);
  const Repetition repetition = repetition_of(thought, static_cast<std::size_t>(config.ngram));
  Readability result;
  result.repeated = repetition.share();
  result.longest_paragraph = longest_paragraph(thought);
  result.mixing = language_mixing_share(thought);
  result.repetitive =
      repetition.total >= static_cast<std::size_t>(config.min_ngrams) && result.repeated > config.max_repeated;
  result.overlong = result.longest_paragraph > config.max_paragraph;
  result.mixed_language = result.mixing > config.max_mixing;
  result.code_block = thought.find("```") != std::string_view::npos;
  result.empty_think = trim(thought).empty();
  return result;
}

std::int64_t count_reflection_words(std::string_view text) {
  std::int64_t count = 0;
  for (const std::string& unit : units_of(text))
    count += std::find(kEnglishReflection.begin(), kEnglishReflection.end(), unit) != kEnglishReflection.end() ? 1 : 0;
  for (const std::string_view word : kChineseReflection) count += occurrences(text, word);
  return count;
}

}  // namespace r1::reward
