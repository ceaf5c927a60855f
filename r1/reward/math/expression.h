// Arithmetic expressions evaluated exactly: + - * / ^ (also U+00D7, U+00F7, U+2212), parentheses, integers, decimals,
// e-notation, thousands commas, a postfix percent. No variables, no functions, no implied multiplication. Every size is
// bounded (kMax...), so hostile text costs microseconds and ends as a Failure: too long, too deep, too large.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "r1/core/result.h"
#include "r1/reward/math/rational.h"

namespace r1::reward {

inline constexpr std::size_t kMaxExpressionBytes = 1000;
inline constexpr int kMaxExpressionDepth = 64;  // nested parentheses and chained ^
inline constexpr std::int64_t kMaxExponent = 64;  // of ^, in absolute value
inline constexpr std::int64_t kMaxDecimalExponent = 400;  // of e-notation, in absolute value
inline constexpr std::int64_t kMaxValueBits = 4096;  // of any intermediate value, numerator + denominator

struct Evaluation {
  Rational value;
  std::vector<Rational> literals;  // the numbers as written, unsigned, in order
};

/// Grammar: sum = product {(+|-) product}; product = factor {(*|/) factor}; factor = {+|-} power; power = atom [^
/// factor]; atom = number [%] | "(" sum ")". So -2^2 is -4 and 2^3^2 is 2^9. Division by zero and exponents that are no
/// small integers are Failures, as is anything left over.
core::Result<Evaluation> evaluate_expression(std::string_view text);

/// Reads the number at the front of `text` (no sign, no percent, no fraction) and removes it from `text`.
core::Result<Rational> take_number(std::string_view& text);

}  // namespace r1::reward
