// Phrase search on normalised text.
#include "r1/reward/rubric_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

using Json = nlohmann::json;
using Phrasings = std::vector<std::string>;

/// ASCII lower case, runs of white space as one blank, none at the ends.
std::string normalise(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }  // after normalise()

/// Whether `phrase`, both normalised, stands in the text and is not cut out of longer words.
bool holds_phrase(const std::string& text, const std::string& phrase) {
  for (std::size_t at = text.find(phrase); at != std::string::npos; at = text.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    const bool left = at == 0 || !is_word(text[at - 1]) || !is_word(phrase.front());
    const bool right = end == text.size() || !is_word(text[end]) || !is_word(phrase.back());
    if (left && right) return true;
  }
  return false;
}

std::ptrdiff_t count_found(const std::vector<Phrasings>& entries, const std::string& text) {
  return std::count_if(entries.begin(), entries.end(), [&](const Phrasings& entry) {
    return std::any_of(entry.begin(), entry.end(),
                       [&](const std::string& phrase) { return holds_phrase(text, phrase); });
  });
}

[[noreturn]] void bad_rubric(const std::string& text) {
  user_error(
      "the rubric must be JSON {{\"points\": [...], \"avoid\": [...]}} with phrases or lists of phrasings, at least "
      "one in "
      "all; it is '{}'",
      text.substr(0, 200));
}

std::vector<Phrasings> entries_of(const Json& rubric, const char* key, const std::string& text) {
  std::vector<Phrasings> entries;
  if (!rubric.contains(key)) return entries;
  if (!rubric[key].is_array()) bad_rubric(text);
  for (const Json& entry : rubric[key]) {
    Phrasings phrasings;
    const Json list = entry.is_array() ? entry : Json::array({entry});
    for (const Json& phrase : list) {
      if (!phrase.is_string() || normalise(phrase.get<std::string>()).empty()) bad_rubric(text);
      phrasings.push_back(normalise(phrase.get<std::string>()));
    }
    if (phrasings.empty()) bad_rubric(text);
    entries.push_back(std::move(phrasings));
  }
  return entries;
}

}  // namespace

Rubric rubric_from_json(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) bad_rubric(text);
  Rubric rubric{entries_of(json, "points", text), entries_of(json, "avoid", text)};
  if (rubric.points.empty() && rubric.avoid.empty()) bad_rubric(text);
  return rubric;
}

Grade RubricJudge::grade(const GradeRequest& request) const {
  const Rubric rubric = rubric_from_json(request.rubric);
  const std::string text = normalise(request.answer);
  if (text.empty()) return {0.0, Outcome::Scored, "the answer is empty"};
  const auto found = static_cast<double>(count_found(rubric.points, text));
  const auto avoided = static_cast<double>(count_found(rubric.avoid, text));
  Grade grade;
  grade.score = rubric.points.empty() ? 1.0 - avoided / static_cast<double>(rubric.avoid.size())
                                      : std::max(0.0, found - avoided) / static_cast<double>(rubric.points.size());
  grade.why =
      fmt::format("{} of {} points, {} of {} to avoid", found, rubric.points.size(), avoided, rubric.avoid.size());
  return grade;
}

Judgement RubricJudge::compare(const JudgeRequest& request) const {
  const Grade a = grade({request.prompt, request.reference, request.rubric, request.a});
  const Grade b = grade({request.prompt, request.reference, request.rubric, request.b});
  return {10.0 * a.score, 10.0 * b.score, Outcome::Scored, fmt::format("a: {}; b: {}", a.why, b.why)};
}

}  // namespace r1::reward
