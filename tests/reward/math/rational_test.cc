// Exact arithmetic, value semantics and the refusals.
#include "r1/reward/math/rational.h"

#include <gtest/gtest.h>

#include <utility>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

TEST(RationalTest, ComputesExactly) {
  const Rational third = Rational(1) / Rational(3);
  EXPECT_EQ((third + third + third).to_string(), "1");
  EXPECT_EQ((third - Rational(1)).to_string(), "-2/3");
  EXPECT_EQ((third * Rational(6)).to_string(), "2");
  EXPECT_EQ((Rational(6) / Rational(-4)).to_string(), "-3/2");
  EXPECT_EQ((-third).to_string(), "-1/3");
  EXPECT_EQ((Rational(2) / Rational(3)).pow(-2).to_string(), "9/4");
  EXPECT_EQ(Rational(0).pow(0).to_string(), "1");
  EXPECT_EQ(Rational::from_digits("123456789012345678901234567890").to_string(), "123456789012345678901234567890");
}

TEST(RationalTest, ComparesByValue) {
  EXPECT_EQ(Rational(1) / Rational(2), Rational(2) / Rational(4));
  EXPECT_NE(Rational(1), Rational(2));
  EXPECT_LT(Rational(-1), Rational(1) / Rational(3));
  EXPECT_FALSE(Rational(2) < Rational(2));
}

TEST(RationalTest, CopiesAndMovesAreIndependent) {
  Rational a = Rational::from_digits("99999999999999999999");
  Rational b = a;
  a = Rational(5);
  EXPECT_EQ(b.to_string(), "99999999999999999999");
  const Rational c = std::move(b);
  b = c;
  EXPECT_EQ(b, c);
}

TEST(RationalTest, ConvertsOnlyIntegersThatFit) {
  std::int64_t n = 0;
  EXPECT_TRUE(Rational(-7).to_int64(n));
  EXPECT_EQ(n, -7);
  EXPECT_FALSE((Rational(1) / Rational(2)).to_int64(n));
  EXPECT_FALSE(Rational::from_digits("9223372036854775808").to_int64(n));
  EXPECT_TRUE(Rational::from_digits("9223372036854775807").to_int64(n));
  EXPECT_EQ(n, INT64_MAX);
}

TEST(RationalTest, CountsBitsOfBothParts) { EXPECT_EQ((Rational(255) / Rational(16)).num_bits(), 8 + 5); }

TEST(RationalTest, RefusesWhatHasNoValue) {
  EXPECT_THROW(Rational(1) / Rational(0), Error);
  EXPECT_THROW(Rational(0).pow(-1), Error);
  EXPECT_THROW(Rational::from_digits(""), Error);
  EXPECT_THROW(Rational::from_digits("-1"), Error);
}

}  // namespace
}  // namespace r1::reward
