// A final answer that is one number, perhaps with a unit: "-7", "1,234.50", "3/4", "1.5e3", "50%", "36 m", "$12", "9.8
// m/s^2". Compared by exact value; the unit counts only when the truth has one. It evaluates no arithmetic
// (expression.h) and converts no units: "0.036 km" is not "36 m".
#pragma once

#include <string>
#include <string_view>

#include "r1/core/result.h"
#include "r1/reward/math/rational.h"

namespace r1::reward {

struct Quantity {
  Rational value;
  std::string unit;  // blanks removed, superscript 2 and 3 as ^2 and ^3; a currency sign in front is the unit too
};

/// Reads [sign] [currency] [sign] number [/ number] [%] [unit] and one full stop at the end. 50% is 1/2. A unit is at
/// most 32 bytes of words none of which starts with a digit, so "9 or 10" is no quantity.
core::Result<Quantity> parse_quantity(std::string_view text);

/// Same value, and the same unit when `truth` has one.
bool equal_quantities(const Quantity& truth, const Quantity& answer);

}  // namespace r1::reward
