// Thin wrappers around FLINT's fmpq functions.
#include "r1/reward/math/rational.h"

#include <flint/flint.h>
#include <flint/fmpq.h>
#include <flint/fmpz.h>

#include <algorithm>
#include <utility>

#include "r1/core/error.h"

namespace r1::reward {

struct Rational::Value {
  fmpq_t q;
  Value() { fmpq_init(q); }
  ~Value() { fmpq_clear(q); }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
};

Rational::Rational() : value_(std::make_unique<Value>()) {}
Rational::Rational(std::int64_t value) : Rational() { fmpz_set_si(fmpq_numref(value_->q), value); }
Rational::Rational(const Rational& other) : Rational() { fmpq_set(value_->q, other.value_->q); }
Rational::Rational(Rational&& other) noexcept = default;
Rational& Rational::operator=(Rational other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}
Rational::~Rational() = default;

Rational Rational::from_digits(const std::string& digits) {
  const bool all_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  R1_CHECK(!digits.empty() && all_digits, "not a string of digits: '{}'", digits);
  Rational out;
  fmpz_set_str(fmpq_numref(out.value_->q), digits.c_str(), 10);
  return out;
}

Rational Rational::operator+(const Rational& b) const {
  Rational out;
  fmpq_add(out.value_->q, value_->q, b.value_->q);
  return out;
}
Rational Rational::operator-(const Rational& b) const {
  Rational out;
  fmpq_sub(out.value_->q, value_->q, b.value_->q);
  return out;
}
Rational Rational::operator*(const Rational& b) const {
  Rational out;
  fmpq_mul(out.value_->q, value_->q, b.value_->q);
  return out;
}
Rational Rational::operator/(const Rational& b) const {
  R1_CHECK(!b.is_zero(), "division of {} by zero", to_string());
  Rational out;
  fmpq_div(out.value_->q, value_->q, b.value_->q);
  return out;
}
Rational Rational::operator-() const {
  Rational out;
  fmpq_neg(out.value_->q, value_->q);
  return out;
}
Rational Rational::pow(std::int64_t exponent) const {
  R1_CHECK(exponent >= 0 || !is_zero(), "zero to the power {}", exponent);
  Rational out;
  fmpq_pow_si(out.value_->q, value_->q, exponent);
  return out;
}

bool Rational::operator==(const Rational& b) const { return fmpq_equal(value_->q, b.value_->q) != 0; }
bool Rational::operator<(const Rational& b) const { return fmpq_cmp(value_->q, b.value_->q) < 0; }
bool Rational::is_zero() const { return fmpq_is_zero(value_->q) != 0; }

bool Rational::to_int64(std::int64_t& out) const {
  const fmpq* q = value_->q;
  if (fmpz_is_one(&q->den) == 0 || fmpz_fits_si(&q->num) == 0) return false;
  out = fmpz_get_si(&q->num);
  return true;
}

std::int64_t Rational::num_bits() const {
  const fmpq* q = value_->q;
  return static_cast<std::int64_t>(fmpz_bits(&q->num) + fmpz_bits(&q->den));
}

std::string Rational::to_string() const {
  char* text = fmpq_get_str(nullptr, 10, value_->q);
  std::string out(text);
  flint_free(text);
  return out;
}

}  // namespace r1::reward
