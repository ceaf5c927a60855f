// Countdown: an equation over given numbers. Right means: only digits, + - * / ( ) and blanks, each given number
// exactly once, value equal to the target, exactly (rationals, no tolerance). A leading minus is allowed; "= 36" behind
// the expression is not. The search for solutions is data's matter, not this file's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace r1::reward {

struct CountdownTask {
  std::vector<std::int64_t> numbers;
  std::int64_t target = 0;
};

/// From {"numbers": [79, 17, 60], "target": 36}. UserError when it is not that.
CountdownTask countdown_task_from_json(const std::string& tests);

enum class CountdownError { Ok, MissingAnswer, NotAnExpression, NumberMismatch, WrongValue };
/// "ok", "missing_answer", "not_an_expression", "number_mismatch", "wrong_value".
const char* countdown_error_name(CountdownError error);

struct CountdownCheck {
  CountdownError error = CountdownError::Ok;
  std::string why;  // "wrong_value: 35 is not 36"
};

/// Checks an answer; nothing = no answer tag. A division by zero is NotAnExpression.
CountdownCheck check_countdown(const std::optional<std::string>& answer, const CountdownTask& task);

}  // namespace r1::reward
