// Reading quantities; the numbers themselves are expression.h's take_number.
#include "r1/reward/math/quantity.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "r1/reward/extract.h"
#include "r1/reward/math/expression.h"

namespace r1::reward {
namespace {

constexpr std::size_t kMaxUnitBytes = 24;
constexpr std::array<std::string_view, 4> kCurrencies = {"$", "\xe2\x82\xac", "\xc2\xa3",
                                                         "\xc2\xa5"};  // dollar euro pound yen

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  text = trim(text);
  return true;
}

// True when a minus sign was read.
bool take_sign(std::string_view& text) {
  if (take(text, "+")) return false;
  return take(text, "-") || take(text, "\xe2\x88\x92");
}

core::Result<std::string> parse_unit(std::string_view text) {
  if (text.size() > kMaxUnitBytes) return core::Failure{"more than a unit stands behind the number"};
  std::string unit;
  bool word_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (word_start && std::string_view("0123456789+-*=,;.<>()").find(c) != std::string_view::npos)
      return core::Failure{fmt::format("unexpected '{}'", text.substr(i, 16))};
    word_start = blank;
    if (blank) continue;
    if (text.substr(i, 2) == "\xc2\xb2" || text.substr(i, 2) == "\xc2\xb3") {
      unit += text[i + 1] == '\xb2' ? "^2" : "^3";
      ++i;
    } else {
      unit += c;
    }
  }
  return unit;
}

}  // namespace

core::Result<Quantity> parse_quantity(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest.size() > kMaxExpressionBytes) return core::Failure{fmt::format("it is too long ({} bytes)", rest.size())};
  bool negative = take_sign(rest);
  std::string unit;
  for (const std::string_view currency : kCurrencies)
    if (unit.empty() && take(rest, currency)) unit = currency;
  if (!unit.empty()) negative ^= take_sign(rest);

  auto number = take_number(rest);
  if (!number) return core::Failure{number.why()};
  Rational value = number.value();
  rest = trim(rest);
  if (rest.size() > 1 && rest[0] == '/') {  // a fraction only if a number follows: "36 /m" would be a unit
    std::string_view after = trim(rest.substr(1));
    if (auto denominator = take_number(after)) {
      if (denominator.value().is_zero()) return core::Failure{"division by zero"};
      value = value / denominator.value();
      rest = trim(after);
    }
  }
  if (take(rest, "%")) value = value / Rational(100);
  if (rest.ends_with('.')) rest = trim(rest.substr(0, rest.size() - 1));
  auto behind = parse_unit(rest);
  if (!behind) return core::Failure{behind.why()};
  if (unit.empty()) unit = behind.value();
  return Quantity{negative ? -value : std::move(value), std::move(unit)};
}

bool equal_quantities(const Quantity& truth, const Quantity& answer) {
  return truth.value == answer.value && (truth.unit.empty() || truth.unit == answer.unit);
}

}  // namespace r1::reward
