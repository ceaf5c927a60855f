// A recursive-descent evaluator. After the first failure the rest of the text is dropped, so every loop ends by itself
// and the first reason is the one reported.
#include "r1/reward/math/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace r1::reward {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text, std::size_t from) {
  std::size_t n = 0;
  while (from + n < text.size() && is_digit(text[from + n])) ++n;
  return n;
}

class Evaluator {
 public:
  explicit Evaluator(std::string_view text) : rest_(text) {}

  core::Result<Evaluation> run() {
    Rational value = sum();
    if (why_.empty() && peek() != '\0') fail(fmt::format("unexpected '{}'", rest_.substr(0, 16)));
    if (!why_.empty()) return core::Failure{why_};
    return Evaluation{std::move(value), std::move(literals_)};
  }

 private:
  // The next character that is not white space, a typographic operator as its ASCII form; 0 at the end.
  char peek() {
    const std::size_t first = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    if (rest_.empty()) return '\0';
    if (rest_.starts_with("\xc3\x97")) return '*';
    if (rest_.starts_with("\xc3\xb7")) return '/';
    if (rest_.starts_with("\xe2\x88\x92")) return '-';
    return rest_.front();
  }
  void advance() {
    const auto lead = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3);
  }
  Rational fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    rest_ = {};
    return Rational();
  }
  Rational bounded(Rational value) {
    if (value.num_bits() > kMaxValueBits) return fail("a value is too large");
    return value;
  }

  Rational sum() {
    Rational value = product();
    for (char op = peek(); op == '+' || op == '-'; op = peek()) {
      advance();
      const Rational right = product();
      value = bounded(op == '+' ? value + right : value - right);
    }
    return value;
  }
  Rational product() {
    Rational value = factor();
    for (char op = peek(); op == '*' || op == '/'; op = peek()) {
      advance();
      const Rational right = factor();
      if (!why_.empty()) break;
      if (op == '/' && right.is_zero()) return fail("division by zero");
      value = bounded(op == '*' ? value * right : value / right);
    }
    return value;
  }
  Rational factor() {
    bool negative = false;
    for (char sign = peek(); sign == '+' || sign == '-'; sign = peek()) {
      advance();
      negative ^= sign == '-';
    }
    Rational value = power();
    return negative ? -value : value;
  }
  Rational power() {
    Rational base = atom();
    if (peek() != '^') return base;
    advance();
    if (++depth_ > kMaxExpressionDepth) return fail("nested too deeply");
    const Rational exponent = factor();
    --depth_;
    if (!why_.empty()) return base;
    std::int64_t n = 0;
    if (!exponent.to_int64(n) || n > kMaxExponent || n < -kMaxExponent) return fail("an exponent is no small integer");
    if (n < 0 && base.is_zero()) return fail("division by zero");
    if (base.num_bits() * std::max<std::int64_t>(n, -n) > 2 * kMaxValueBits) return fail("a value is too large");
    return bounded(base.pow(n));
  }
  Rational atom() {
    const char c = peek();
    if (c == '(') return parenthesised();
    if (!is_digit(c) && c != '.')
      return fail(c == '\0' ? "it ends too early" : fmt::format("unexpected '{}'", rest_.substr(0, 16)));
    auto number = take_number(rest_);
    if (!number) return fail(number.why());
    literals_.push_back(number.value());
    if (peek() != '%') return number.value();
    advance();
    return number.value() / Rational(100);
  }
  Rational parenthesised() {
    advance();
    if (++depth_ > kMaxExpressionDepth) return fail("nested too deeply");
    Rational value = sum();
    --depth_;
    if (peek() != ')') return fail("a parenthesis is not closed");
    advance();
    return value;
  }

  std::string_view rest_;
  std::string why_;
  std::vector<Rational> literals_;
  int depth_ = 0;
};

// The exponent of e-notation at text[i] ('e' or 'E'); `length` is 0 when there is none.
core::Result<std::int64_t> take_decimal_exponent(std::string_view text, std::size_t i, std::size_t& length) {
  length = 0;
  if (i >= text.size() || (text[i] != 'e' && text[i] != 'E')) return std::int64_t{0};
  const bool sign = i + 1 < text.size() && (text[i + 1] == '-' || text[i + 1] == '+');
  const std::size_t start = i + (sign ? 2 : 1);
  const std::size_t digits = count_digits(text, start);
  if (digits == 0) return std::int64_t{0};
  std::int64_t value = 0;
  for (std::size_t j = 0; j < digits; ++j)
    value = std::min<std::int64_t>(value * 10 + (text[start + j] - '0'), 1'000'000);
  if (value > kMaxDecimalExponent) return core::Failure{"a decimal exponent is too large"};
  length = start + digits - i;
  return sign && text[i + 1] == '-' ? -value : value;
}

}  // namespace

core::Result<Rational> take_number(std::string_view& text) {
  if (text.size() > kMaxExpressionBytes) return core::Failure{"it is too long"};
  std::size_t i = count_digits(text, 0);
  std::string digits(text.substr(0, i));
  if (i >= 1 && i <= 3) {
    while (i < text.size() && text[i] == ',' && count_digits(text, i + 1) == 3) {
      digits += text.substr(i + 1, 3);
      i += 4;
    }
  }
  std::int64_t scale = 0;  // value = digits * 10^scale
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = count_digits(text, i + 1);
    if (digits.empty() && fraction == 0) return core::Failure{"unexpected '.'"};
    digits += text.substr(i + 1, fraction);
    scale = -static_cast<std::int64_t>(fraction);
    i += 1 + fraction;
  }
  if (digits.empty()) return core::Failure{"no digits"};
  std::size_t length = 0;
  const auto exponent = take_decimal_exponent(text, i, length);
  if (!exponent) return core::Failure{exponent.why()};
  scale += exponent.value();
  Rational value = Rational::from_digits(digits);
  if (scale != 0) value = value * Rational(10).pow(scale);
  if (value.num_bits() > kMaxValueBits) return core::Failure{"a value is too large"};
  text.remove_prefix(i + length);
  return value;
}

core::Result<Evaluation> evaluate_expression(std::string_view text) {
  if (text.size() > kMaxExpressionBytes) return core::Failure{fmt::format("it is too long ({} bytes)", text.size())};
  return Evaluator(text).run();
}

}  // namespace r1::reward
