// Independent answers for the problem families, worked out from the prompt's text alone with other code than the
// generators'.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/data/problem.h"

namespace r1::data::test {

/// An exact fraction with a positive denominator.
struct Fraction {
  std::int64_t numerator = 0;
  std::int64_t denominator = 1;
  bool operator==(const Fraction&) const = default;
};

/// Value of an expression with + - * / and parentheses; throws std::runtime_error on anything else or a division by
/// zero. The literals are appended to `literals` when it is given.
Fraction evaluate(const std::string& expression, std::vector<std::int64_t>* literals = nullptr);

/// The answer to a generated problem as the prompt states it.
std::string oracle_answer(const Problem& problem);

/// All integers in the text, in order.
std::vector<std::int64_t> integers(const std::string& text);

}  // namespace r1::data::test
