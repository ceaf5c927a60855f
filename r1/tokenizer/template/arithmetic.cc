// Operators between values.
#include "r1/tokenizer/template/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "r1/tokenizer/template/print.h"
#include "r1/tokenizer/template/text.h"

namespace r1::tokenizer::jinja {
namespace {

[[noreturn]] void refuse(const std::string& operation, const Value& left, const Value& right) {
  for (const Value* side : {&left, &right})
    if (side->is(Kind::Undefined)) fail("{}", side->why_undefined());
  fail("{} {} {} is no operation", type_name(left), operation, type_name(right));
}

std::optional<std::int64_t> power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return {};
    if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return {};
  }
  return result;
}

std::optional<std::int64_t> integer_result(const std::string& operation, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (operation == "+") return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (operation == "-") return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (operation == "*") return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (operation == "**") return power(a, b);
  if (b == 0) fail("division by zero");
  if (b == -1) return operation == "%" ? std::optional<std::int64_t>(0) : integer_result("-", 0, a);
  const std::int64_t remainder = a % b;
  const bool down = remainder != 0 && (remainder < 0) != (b < 0);
  if (operation == "%") return down ? remainder + b : remainder;
  return a / b - (down ? 1 : 0);
}

/// Python's float %: the sign is the divisor's.
double modulo(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0 && (remainder < 0) != (b < 0)) remainder += b;
  return remainder == 0 ? std::copysign(0.0, b) : remainder;
}

Value float_result(const std::string& operation, double a, double b) {
  if (operation == "+") return Value::number(a + b);
  if (operation == "-") return Value::number(a - b);
  if (operation == "*") return Value::number(a * b);
  if (operation == "**") {
    if (a == 0 && b < 0) fail("division by zero");
    if (a < 0 && b != std::floor(b)) fail("a power of a negative number is complex");
    const double result = std::pow(a, b);
    if (std::isinf(result) && !std::isinf(a) && !std::isinf(b)) fail("a power is too large");
    return Value::number(result);
  }
  if (b == 0) fail("division by zero");
  if (operation == "/") return Value::number(a / b);
  if (operation == "%") return Value::number(modulo(a, b));
  return Value::number(std::floor((a - modulo(a, b)) / b + 0.5));
}

Value number_result(const std::string& operation, const Value& left, const Value& right) {
  const bool real = operation == "/" || (operation == "**" && right.is_integer() && right.as_integer() < 0);
  if (!left.is_integer() || !right.is_integer() || real)
    return float_result(operation, left.as_double(), right.as_double());
  const auto result = integer_result(operation, left.as_integer(), right.as_integer());
  if (!result) fail("{} {} {} does not fit 64 bits", left.as_integer(), operation, right.as_integer());
  return Value::integer(*result);
}

/// Markup + str escapes the str, whichever comes first.
Value joined_texts(Limits& limits, const Value& left, const Value& right) {
  const bool markup = left.is_markup() || right.is_markup();
  std::string text;
  for (const Value* side : {&left, &right})
    text += markup && !side->is_markup() ? escaped_html(side->as_text()) : side->as_text();
  limits.bytes(text.size());
  return Value::text(std::move(text), markup);
}

Value joined(Limits& limits, const Value& left, const Value& right) {
  if (left.is(Kind::String)) return joined_texts(limits, left, right);
  Values items = left.as_sequence().items;
  const Values& more = right.as_sequence().items;
  limits.bytes((items.size() + more.size()) * sizeof(Value));
  items.insert(items.end(), more.begin(), more.end());
  return Value::sequence(left.kind(), std::move(items));
}

Value repeated(Limits& limits, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (value.is(Kind::String)) {
    limits.bytes_product(count, value.as_text().size());
    std::string text;
    for (std::size_t i = 0; i < count && !value.as_text().empty(); ++i) text += value.as_text();
    return Value::text(std::move(text), value.is_markup());
  }
  const Values& items = value.as_sequence().items;
  limits.bytes_product(count, items.size() * sizeof(Value));
  Values all;
  for (std::size_t i = 0; i < count && !items.empty(); ++i) all.insert(all.end(), items.begin(), items.end());
  return Value::sequence(value.kind(), std::move(all));
}

bool repeatable(const Value& value) { return value.is(Kind::String) || value.is(Kind::List) || value.is(Kind::Tuple); }

}  // namespace

Value arithmetic(Limits& limits, const std::string& operation, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return number_result(operation, left, right);
  if (operation == "+" && left.kind() == right.kind() && repeatable(left)) return joined(limits, left, right);
  if (operation == "*" && repeatable(left) && right.is_integer()) return repeated(limits, left, right.as_integer());
  if (operation == "*" && left.is_integer() && repeatable(right)) return repeated(limits, right, left.as_integer());
  if (operation == "%" && left.is(Kind::String)) fail("printf-style % of a str is not supported; use ~");
  refuse(operation, left, right);
}

Value negated(const Value& value) {
  if (value.is_integer()) return number_result("-", Value::integer(0), value);
  if (value.is(Kind::Float)) return Value::number(-value.as_double());
  refuse("-", value, value);
}

Value positive(const Value& value) {
  if (value.is_integer()) return Value::integer(value.as_integer());
  if (value.is(Kind::Float)) return value;
  refuse("+", value, value);
}

Value concatenated(Limits& limits, const Values& parts) {
  std::string text;
  for (const Value& part : parts) text += to_text(limits, part);
  return Value::text(std::move(text));
}

}  // namespace r1::tokenizer::jinja
