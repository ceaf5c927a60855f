// Comparison of what a program gave with what it should have given.
#include "r1/reward/code/code_scorer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "r1/core/error.h"
#include "r1/reward/extract.h"

namespace r1::reward {
namespace {

using Json = nlohmann::json;

constexpr double kTolerance = 1e-9;
constexpr std::size_t kShownBytes = 60;

std::string shown(const std::string& text) {
  return text.size() <= kShownBytes ? text : text.substr(0, kShownBytes) + "...";
}

bool equal_numbers(const Json& a, const Json& b) {
  if (!a.is_number_float() && !b.is_number_float()) return a == b;
  const double x = a.get<double>();
  const double y = b.get<double>();
  return std::abs(x - y) <= kTolerance * std::max({1.0, std::abs(x), std::abs(y)});
}

bool equal_values(const Json& value, const Json& expected) {
  if (expected.is_number()) return value.is_number() && equal_numbers(value, expected);
  if (expected.is_array()) {
    return value.is_array() && value.size() == expected.size() &&
           std::equal(value.begin(), value.end(), expected.begin(), equal_values);
  }
  if (expected.is_object()) {
    if (!value.is_object() || value.size() != expected.size()) return false;
    for (const auto& item : expected.items())
      if (!value.contains(item.key()) || !equal_values(value[item.key()], item.value())) return false;
    return true;
  }
  return value == expected;
}

struct Tests {
  Json inputs = Json::array();
  Json outputs = Json::array();
};

Tests read_tests(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  const bool well_formed = json.is_array() && !json.empty() && std::all_of(json.begin(), json.end(), [](const Json& t) {
                             return t.is_object() && t.size() == 2 && t.contains("input") && t.contains("output");
                           });
  if (!well_formed)
    user_error(
        "verifier code: the problem's tests[0] must be a JSON list of {{\"input\": .., \"output\": ..}} with at least "
        "one "
        "test, it is '{}'",
        shown(text));
  Tests tests;
  for (const Json& test : json) {
    tests.inputs.push_back(test["input"]);
    tests.outputs.push_back(test["output"]);
  }
  return tests;
}

/// Without a fence (```python ... ```) around all of it.
std::string_view without_fence(std::string_view answer) {
  constexpr std::string_view kFence = "```";
  answer = trim(answer);
  if (!answer.starts_with(kFence) || !answer.ends_with(kFence)) return answer;
  const std::size_t line_end = answer.find('\n');
  if (line_end == std::string_view::npos) return answer;
  answer.remove_prefix(line_end + 1);
  if (answer.size() < kFence.size()) return answer;
  answer.remove_suffix(kFence.size());
  // Indentation is meaning: only line breaks go.
  while (!answer.empty() && (answer.back() == '\n' || answer.back() == '\r')) answer.remove_suffix(1);
  return answer;
}

Accuracy wrong(std::string why) { return {false, Outcome::Scored, std::move(why)}; }

Accuracy compare(const ProgramResult& result, const Tests& tests) {
  for (std::size_t i = 0; i < result.calls.size(); ++i) {
    const CallResult& call = result.calls[i];
    const std::string input = shown(tests.inputs[i].dump());
    if (!call.error.empty()) return wrong(fmt::format("wrong: {} for x = {}", call.error, input));
    if (equal_values(Json::parse(call.value), tests.outputs[i])) continue;
    return wrong(
        fmt::format("wrong: {} is not {} for x = {}", shown(call.value), shown(tests.outputs[i].dump()), input));
  }
  return {true, Outcome::Scored, ""};
}

}  // namespace

Accuracy check_code(const std::string& answer, const std::string& tests, Sandbox& sandbox) {
  const Tests expected = read_tests(tests);
  const std::string source(without_fence(answer));
  if (source.empty()) return {false, Outcome::Unparseable, "the answer is empty"};
  const ProgramResult result = sandbox.run(source, expected.inputs.dump());
  switch (result.end) {
    case ProgramResult::End::Finished:
      return compare(result, expected);
    case ProgramResult::End::Raised:
      return wrong(fmt::format("wrong: {}", result.why));
    case ProgramResult::End::SyntaxError:
      return {false, Outcome::Unparseable, fmt::format("no Python: {}", result.why)};
    case ProgramResult::End::NoFunction:
      return {false, Outcome::Unparseable, result.why};
    case ProgramResult::End::TimedOut:
      return {false, Outcome::Timeout, fmt::format("the program: {}", result.why)};
    case ProgramResult::End::OutOfMemory:
    case ProgramResult::End::Died:
      break;
  }
  return {false, Outcome::Crash, fmt::format("the program: {}", result.why)};
}

}  // namespace r1::reward
