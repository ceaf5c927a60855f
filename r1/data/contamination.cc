// Prompts are found by rolling hashes: a prompt of n bytes is keyed by its first L bytes, L the largest power of two <=
// n, so a text is passed over once for each of the few L in use; a key that is met is then compared byte by byte.
#include "r1/data/contamination.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "r1/core/error.h"
#include "r1/data/json_record.h"

namespace r1::data {
namespace {

constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15ULL;  // odd: invertible modulo 2^64

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

// ASCII lower case, white space collapsed to single spaces and trimmed.
std::string normalise(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!is_space(c))
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::uint64_t rolling_hash(std::string_view bytes) {
  std::uint64_t hash = 0;
  for (const char c : bytes) hash = hash * kBase + static_cast<unsigned char>(c) + 1;
  return hash;
}

// A word of the prompt's edge must not go on in the text: "7+4=" does not occur in "17+4=".
bool at_boundaries(std::string_view text, std::size_t begin, std::size_t size) {
  const std::size_t end = begin + size;
  const bool left = begin > 0 && is_word(text[begin - 1]) && is_word(text[begin]);
  const bool right = end < text.size() && is_word(text[end]) && is_word(text[end - 1]);
  return !left && !right;
}

using CountdownKey = std::pair<std::vector<std::int64_t>, std::int64_t>;  // sorted numbers, target

CountdownKey countdown_key(const Problem& problem) {
  if (problem.tests.empty()) user_error("countdown problem {} has no tests", problem.id);
  const nlohmann::json tests = parse_record(problem.tests[0]);
  if (!tests.contains("numbers") || !tests["numbers"].is_array())
    user_error("countdown problem {} has no numbers", problem.id);
  CountdownKey key;
  for (const auto& item : tests["numbers"]) key.first.push_back(as_integer(item, "numbers"));
  std::sort(key.first.begin(), key.first.end());
  key.second = integer_field(tests, "target");
  return key;
}

// An integer at `at`, moved behind it; none when there is no digit or it is longer than 15 digits.
std::optional<std::int64_t> read_integer(std::string_view text, std::size_t& at) {
  const bool negative = at < text.size() && text[at] == '-';
  std::size_t end = at + (negative ? 1 : 0);
  const std::size_t first = end;
  std::int64_t value = 0;
  for (; end < text.size() && is_digit(text[end]); ++end)
    if (end - first < 15) value = value * 10 + (text[end] - '0');
  if (end == first) return std::nullopt;
  at = end;
  if (end - first > 15) return std::nullopt;
  return negative ? -value : value;
}

// What stands between the numbers and their target: a short sign such as "=", "]: ", " -> ", or words with "equal"
// (either case).
bool skip_to_target(std::string_view text, std::size_t& at) {
  constexpr std::size_t kMaxGap = 64;
  std::size_t end = at;
  while (end < text.size() && end - at <= kMaxGap && !is_digit(text[end])) ++end;
  if (end == text.size() || !is_digit(text[end])) return false;
  if (text[end - 1] == '-' && end - at > 1) --end;
  const std::string_view gap = text.substr(at, end - at);
  const bool sign = gap.size() <= 4 && gap.find_first_of("=:|>") != std::string_view::npos &&
                    gap.find_first_of("+*/") == std::string_view::npos;
  const bool words = gap.find("qual") != std::string_view::npos;
  at = end;
  return sign || words;
}

// Every list "a b c" or "a, b, c" on one line that a target follows. A number that is the target of the list before it
// ("1 2=3 4 5=9") may or may not belong to the next list: both are handed out.
template <class Take>
void for_each_countdown(std::string_view text, const Take& take) {
  std::size_t last_target = text.size();
  for (std::size_t at = 0; at < text.size();) {
    const bool starts = is_digit(text[at]) || (text[at] == '-' && at + 1 < text.size() && is_digit(text[at + 1]));
    if (!starts) {
      ++at;
      continue;
    }
    const bool is_target = at == last_target;
    std::vector<std::int64_t> numbers;
    std::size_t next = at;
    while (const auto value = read_integer(text, next)) {
      numbers.push_back(*value);
      at = next;
      while (next < text.size() && (text[next] == ' ' || text[next] == ',')) ++next;
      if (next == at) break;
    }
    at = next;
    std::size_t target_at = at;
    if (numbers.size() < 2 || !skip_to_target(text, target_at)) continue;
    last_target = target_at;
    const auto target = read_integer(text, target_at);
    if (!target) continue;
    if (is_target) take(std::vector(numbers.begin() + 1, numbers.end()), *target);
    take(std::move(numbers), *target);
  }
}

}  // namespace

struct ContaminationCheck::Impl {
  struct Prompt {
    std::string text;
    std::size_t problem;
  };
  using Index =
      std::unordered_multimap<std::uint64_t, std::size_t>;  // key of the first L bytes -> prompt; only looked up

  std::vector<std::string> ids;
  std::vector<bool> met;
  std::unordered_multimap<std::string, std::size_t> by_content;
  std::vector<Prompt> prompts;
  std::map<std::size_t, Index> by_prefix;  // L -> index
  std::map<CountdownKey, std::vector<std::size_t>> countdown;
  ContaminationReport counts;

  void add_held_out(const Problem& problem) {
    const std::size_t index = ids.size();
    ids.push_back(problem.id);
    by_content.emplace(content_hash(problem), index);
    if (problem.verifier == "countdown") countdown[countdown_key(problem)].push_back(index);
    std::string prompt = normalise(problem.prompt);
    if (prompt.empty()) user_error("held-out problem {} has no prompt", problem.id);
    std::size_t length = 1;
    while (length * 2 <= prompt.size()) length *= 2;
    by_prefix[length].emplace(rolling_hash(std::string_view(prompt).substr(0, length)), prompts.size());
    prompts.push_back({std::move(prompt), index});
  }

  bool find_prompts(std::string_view text, std::size_t length, const Index& index) {
    if (text.size() < length) return false;
    std::uint64_t power = 1;  // kBase^(length - 1), the weight of the byte that leaves
    for (std::size_t i = 1; i < length; ++i) power *= kBase;
    std::uint64_t hash = rolling_hash(text.substr(0, length));
    bool found = false;
    for (std::size_t at = 0;; ++at) {
      const auto [first, last] = index.equal_range(hash);
      for (auto hit = first; hit != last; ++hit) {
        const Prompt& prompt = prompts[hit->second];
        if (text.substr(at, prompt.text.size()) != prompt.text || !at_boundaries(text, at, prompt.text.size()))
          continue;
        met[prompt.problem] = true;
        found = true;
      }
      if (at + length == text.size()) return found;
      hash -= (static_cast<unsigned char>(text[at]) + 1) * power;
      hash = hash * kBase + static_cast<unsigned char>(text[at + length]) + 1;
    }
  }

  bool find_countdown(std::string_view text) {
    bool found = false;
    if (countdown.empty()) return found;
    for_each_countdown(text, [&](std::vector<std::int64_t> numbers, std::int64_t target) {
      std::sort(numbers.begin(), numbers.end());
      const auto hit = countdown.find({std::move(numbers), target});
      if (hit == countdown.end()) return;
      for (const std::size_t problem : hit->second) met[problem] = true;
      found = true;
    });
    return found;
  }
};

ContaminationCheck::ContaminationCheck(std::span<const Problem> held_out) : impl_(std::make_unique<Impl>()) {
  for (const Problem& problem : held_out) impl_->add_held_out(problem);
  impl_->met.assign(held_out.size(), false);
  impl_->counts.held_out = static_cast<std::int64_t>(held_out.size());
}
ContaminationCheck::~ContaminationCheck() = default;
ContaminationCheck::ContaminationCheck(ContaminationCheck&&) noexcept = default;
ContaminationCheck& ContaminationCheck::operator=(ContaminationCheck&&) noexcept = default;

bool ContaminationCheck::add_problem(const Problem& problem) {
  ++impl_->counts.problems_checked;
  const auto [first, last] = impl_->by_content.equal_range(content_hash(problem));
  for (auto hit = first; hit != last; ++hit) impl_->met[hit->second] = true;
  if (first != last) ++impl_->counts.matching_problems;
  return first != last;
}

bool ContaminationCheck::add_text(std::string_view text) {
  ++impl_->counts.texts_checked;
  const std::string normalised = normalise(text);
  bool found = impl_->find_countdown(text);
  for (const auto& [length, index] : impl_->by_prefix) found = impl_->find_prompts(normalised, length, index) || found;
  if (found) ++impl_->counts.matching_texts;
  return found;
}

ContaminationReport ContaminationCheck::report() const {
  ContaminationReport report = impl_->counts;
  for (std::size_t i = 0; i < impl_->ids.size(); ++i)
    if (impl_->met[i]) report.contaminated.push_back(impl_->ids[i]);
  return report;
}

}  // namespace r1::data
