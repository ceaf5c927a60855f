// Linear scans over the completion; see extract.h for what each finds.
#include "r1/reward/extract.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "r1/reward/format.h"

namespace r1::reward {
namespace {

constexpr std::string_view kMinusSign = "\xe2\x88\x92";  // U+2212

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_letter(c); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }

std::size_t skip_digits(std::string_view text, std::size_t i) {
  while (is_digit(at(text, i))) ++i;
  return i;
}

// The end of the unsigned number that starts at i (a digit, or a '.' with a digit behind it).
std::size_t skip_number(std::string_view text, std::size_t i) {
  const std::size_t start = i;
  i = skip_digits(text, i);
  if (i - start <= 3) {  // thousands groups: a comma and exactly three digits each
    while (at(text, i) == ',' && skip_digits(text, i + 1) == i + 4) i += 4;
  }
  if (at(text, i) == '.' && is_digit(at(text, i + 1))) i = skip_digits(text, i + 1);
  if (at(text, i) == 'e' || at(text, i) == 'E') {
    const bool sign = at(text, i + 1) == '-' || at(text, i + 1) == '+';
    const std::size_t digits = i + (sign ? 2 : 1);
    if (is_digit(at(text, digits))) i = skip_digits(text, digits);
  }
  return i;
}

// Where the sign that belongs to the number at `start` begins; `start` itself when there is none.
std::size_t sign_start(std::string_view text, std::size_t start, std::size_t previous_end) {
  std::size_t sign = start;
  if (start > previous_end && (text[start - 1] == '-' || text[start - 1] == '+')) sign = start - 1;
  if (start >= previous_end + 3 && text.substr(start - 3, 3) == kMinusSign) sign = start - 3;
  if (sign == start || sign == 0) return sign;
  const char before = text[sign - 1];
  return is_word(before) || before == ')' ? start : sign;
}

std::optional<std::size_t> last_word_end(std::string_view text, std::string_view word) {
  for (std::size_t i = text.rfind(word); i != std::string_view::npos;
       i = i == 0 ? std::string_view::npos : text.rfind(word, i - 1)) {
    const std::size_t end = i + word.size();
    const bool left = i == 0 || !is_word(text[i - 1]) || !is_word(word.front());
    const bool right = !is_word(at(text, end)) || !is_word(word.back());
    if (left && right) return end;
  }
  return std::nullopt;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<std::string_view> last_tag_content(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t end = text.rfind(close);
  if (end == std::string_view::npos) return std::nullopt;
  const std::size_t start = text.substr(0, end).rfind(open);
  if (start == std::string_view::npos) return std::nullopt;
  return text.substr(start + open.size(), end - start - open.size());
}

std::optional<std::string> extract_answer(std::string_view completion) {
  const auto content = last_tag_content(completion, kAnswerOpen, kAnswerClose);
  if (!content) return std::nullopt;
  return std::string(trim(*content));
}

std::optional<std::string> last_number(std::string_view text) {
  std::optional<std::string_view> found;
  std::size_t i = 0;
  std::size_t previous_end = 0;
  while (i < text.size()) {
    const bool leading_point = text[i] == '.' && is_digit(at(text, i + 1)) && (i == 0 || !is_word(text[i - 1]));
    if (!is_digit(text[i]) && !leading_point) {
      ++i;
      continue;
    }
    const std::size_t start = sign_start(text, i, previous_end);
    std::size_t end = skip_number(text, i);
    if (at(text, end) == '/' && is_digit(at(text, end + 1))) end = skip_number(text, end + 1);
    if (at(text, end) == '%') ++end;
    found = text.substr(start, end - start);
    i = previous_end = end;
  }
  if (!found) return std::nullopt;
  return std::string(*found);
}

std::optional<std::string> last_candidate(std::string_view text, const std::vector<std::string>& candidates) {
  const std::string haystack = lowered(text);
  std::size_t best_end = 0;
  const std::string* best = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    const auto end = last_word_end(haystack, lowered(candidate));
    if (!end) continue;
    const bool longer = best != nullptr && *end == best_end && candidate.size() > best->size();
    if (*end > best_end || longer) {
      best_end = *end;
      best = &candidate;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::optional<std::string> last_expression(std::string_view text) {
  constexpr std::string_view kCharacters = "0123456789+-*/() \t";
  std::size_t end = text.size();
  while (end > 0) {
    const std::size_t last = text.find_last_of(kCharacters, end - 1);
    if (last == std::string_view::npos) return std::nullopt;
    const std::size_t before = text.find_last_not_of(kCharacters, last);
    const std::size_t first = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view run = trim(text.substr(first, last - first + 1));
    const std::size_t digit = run.find_first_of("0123456789");
    const std::size_t op = digit == std::string_view::npos ? digit : run.find_first_of("+-*/", digit);
    if (op != std::string_view::npos && run.find_first_of("0123456789", op) != std::string_view::npos)
      return std::string(run);
    end = first;
  }
  return std::nullopt;
}

}  // namespace r1::reward
