// An exact rational number: FLINT's fmpq behind a value type (its headers define macros such as `ulong`, so they stay
// in rational.cc). Sizes are not bounded here; expression.cc checks num_bits() after every step.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace r1::reward {

class Rational {
 public:
  Rational();  // 0
  explicit Rational(std::int64_t value);
  Rational(const Rational& other);
  Rational(Rational&& other) noexcept;
  Rational& operator=(Rational other) noexcept;
  ~Rational();

  /// The integer written in `digits` (one or more ASCII digits, nothing else; Error otherwise).
  static Rational from_digits(const std::string& digits);

  Rational operator+(const Rational& b) const;
  Rational operator-(const Rational& b) const;
  Rational operator*(const Rational& b) const;
  /// Error when b is 0.
  Rational operator/(const Rational& b) const;
  Rational operator-() const;
  /// Integer power; Error for 0 to a negative power.
  Rational pow(std::int64_t exponent) const;

  bool operator==(const Rational& b) const;
  bool operator<(const Rational& b) const;
  bool is_zero() const;
  /// The value when it is an integer that fits; false otherwise.
  bool to_int64(std::int64_t& out) const;
  /// Bits of numerator and denominator together: what a next step would cost.
  std::int64_t num_bits() const;
  /// "-7/3", "12".
  std::string to_string() const;

 private:
  struct Value;
  std::unique_ptr<Value> value_;
};

}  // namespace r1::reward
