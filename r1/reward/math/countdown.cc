// The countdown verifier: characters, then the expression, then the multiset of numbers, then the value.
#include "r1/reward/math/countdown.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/reward/math/expression.h"

namespace r1::reward {
namespace {

CountdownCheck failed(CountdownError error, const std::string& why) {
  return {error, fmt::format("{}: {}", countdown_error_name(error), why)};
}

std::string joined(const std::vector<Rational>& numbers) {
  std::vector<std::string> texts;
  for (const Rational& number : numbers) texts.push_back(number.to_string());
  return fmt::format("{}", fmt::join(texts, " "));
}

}  // namespace

CountdownTask countdown_task_from_json(const std::string& tests) {
  const auto json = nlohmann::json::parse(tests, nullptr, /*allow_exceptions=*/false);
  const auto is_task = [&] {
    if (!json.is_object() || !json.contains("numbers") || !json.contains("target")) return false;
    const auto& numbers = json["numbers"];
    const auto is_number = [](const nlohmann::json& n) { return n.is_number_integer() && n >= 0; };
    return numbers.is_array() && !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), is_number) &&
           json["target"].is_number_integer();
  };
  if (!is_task())
    user_error("countdown problem: tests must read {{\"numbers\": [integers >= 0], \"target\": integer}}, not '{}'",
               tests.substr(0, 200));
  return {json["numbers"].get<std::vector<std::int64_t>>(), json["target"].get<std::int64_t>()};
}

const char* countdown_error_name(CountdownError error) {
  switch (error) {
    case CountdownError::Ok:
      return "ok";
    case CountdownError::MissingAnswer:
      return "missing_answer";
    case CountdownError::NotAnExpression:
      return "not_an_expression";
    case CountdownError::NumberMismatch:
      return "number_mismatch";
    case CountdownError::WrongValue:
      return "wrong_value";
  }
  return "unknown";
}

CountdownCheck check_countdown(const std::optional<std::string>& answer, const CountdownTask& task) {
  if (!answer) return failed(CountdownError::MissingAnswer, "no <answer> tag");
  if (answer->find_first_not_of("0123456789+-*/() \t\r\n") != std::string::npos)
    return failed(CountdownError::NotAnExpression, "only digits, + - * / and parentheses are allowed");
  auto evaluation = evaluate_expression(*answer);
  if (!evaluation) return failed(CountdownError::NotAnExpression, evaluation.why());

  std::vector<Rational> used = evaluation.value().literals;
  std::vector<Rational> given;
  for (const std::int64_t number : task.numbers) given.emplace_back(number);
  std::sort(used.begin(), used.end());
  std::sort(given.begin(), given.end());
  if (used != given)
    return failed(CountdownError::NumberMismatch, fmt::format("used {}, given {}", joined(used), joined(given)));
  const Rational& value = evaluation.value().value;
  if (value == Rational(task.target)) return {CountdownError::Ok, ""};
  return failed(CountdownError::WrongValue, fmt::format("{} is not {}", value.to_string(), task.target));
}

}  // namespace r1::reward
