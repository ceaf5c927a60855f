// Values by hand, every refusal, and text written to hang or blow up an evaluator.
#include "r1/reward/math/expression.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace r1::reward {
namespace {

std::string value_of(const std::string& text) {
  const auto result = evaluate_expression(text);
  return result ? result.value().value.to_string() : "failure: " + result.why();
}

std::string repeat(const std::string& piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(ExpressionTest, PrecedenceAndAssociativity) {
  EXPECT_EQ(value_of("1+2*3"), "7");
  EXPECT_EQ(value_of("(1+2)*3"), "9");
  EXPECT_EQ(value_of("8-4-2"), "2");
  EXPECT_EQ(value_of("8/4/2"), "1");
  EXPECT_EQ(value_of("2^3^2"), "512");
  EXPECT_EQ(value_of("-2^2"), "-4");
  EXPECT_EQ(value_of("(-2)^2"), "4");
  EXPECT_EQ(value_of("2^-2"), "1/4");
  EXPECT_EQ(value_of("2*-3"), "-6");
  EXPECT_EQ(value_of("--3"), "3");
  EXPECT_EQ(value_of(" 7 / ( 3 - 1 ) "), "7/2");
}

TEST(ExpressionTest, NumbersInEveryForm) {
  EXPECT_EQ(value_of("0.1+0.2"), "3/10");
  EXPECT_EQ(value_of("1,234.5"), "2469/2");
  EXPECT_EQ(value_of("1.5e3"), "1500");
  EXPECT_EQ(value_of("2E-2"), "1/50");
  EXPECT_EQ(value_of(".5"), "1/2");
  EXPECT_EQ(value_of("5."), "5");
  EXPECT_EQ(value_of("25%*8"), "2");
  EXPECT_EQ(value_of("007"), "7");
}

TEST(ExpressionTest, TypographicOperators) {
  EXPECT_EQ(value_of("6\xc3\x97"
                     "7"),
            "42");
  EXPECT_EQ(value_of("6\xc3\xb7"
                     "4"),
            "3/2");
  EXPECT_EQ(value_of("6\xe2\x88\x92"
                     "7"),
            "-1");
}

TEST(ExpressionTest, ListsTheLiteralsAsWritten) {
  const auto result = evaluate_expression("79+(17-60)*-2");
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result.value().literals.size(), 4u);
  EXPECT_EQ(result.value().literals[0], Rational(79));
  EXPECT_EQ(result.value().literals[2], Rational(60));
  EXPECT_EQ(result.value().literals[3], Rational(2));
}

TEST(ExpressionTest, RefusesWhatIsNoExpression) {
  EXPECT_EQ(value_of(""), "failure: it ends too early");
  EXPECT_EQ(value_of("1+"), "failure: it ends too early");
  EXPECT_EQ(value_of("1 2"), "failure: unexpected '2'");
  EXPECT_EQ(value_of("1+x"), "failure: unexpected 'x'");
  EXPECT_EQ(value_of("(1+2"), "failure: a parenthesis is not closed");
  EXPECT_EQ(value_of("1)"), "failure: unexpected ')'");
  EXPECT_EQ(value_of("3**2"), "failure: unexpected '*2'");
  EXPECT_EQ(value_of("2(3)"), "failure: unexpected '(3)'");
  EXPECT_EQ(value_of("1,23"), "failure: unexpected ',23'");
  EXPECT_EQ(value_of("."), "failure: unexpected '.'");
  EXPECT_EQ(value_of("\xe2"), "failure: unexpected '\xe2'");
}

TEST(ExpressionTest, DivisionByZeroIsNoValue) {
  EXPECT_EQ(value_of("1/0"), "failure: division by zero");
  EXPECT_EQ(value_of("1/(2-2)*0"), "failure: division by zero");
  EXPECT_EQ(value_of("0^-1"), "failure: division by zero");
}

TEST(ExpressionTest, ExponentsAreSmallIntegers) {
  EXPECT_EQ(value_of("1^64"), "1");
  EXPECT_EQ(value_of("1^65"), "failure: an exponent is no small integer");
  EXPECT_EQ(value_of("4^(1/2)"), "failure: an exponent is no small integer");
  EXPECT_EQ(value_of("9^9^9"), "failure: an exponent is no small integer");
  EXPECT_EQ(value_of("((2^64)^64)^64"), "failure: a value is too large");
  EXPECT_EQ(value_of("1e400*0"), "0");
  EXPECT_EQ(value_of("1e401"), "failure: a decimal exponent is too large");
  EXPECT_EQ(value_of("1e99999999999999999999"), "failure: a decimal exponent is too large");
}

TEST(ExpressionTest, HostileTextEndsAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(value_of(repeat("(", 65) + "1" + repeat(")", 65)), "failure: nested too deeply");
  EXPECT_EQ(value_of(repeat("(", 64) + "1" + repeat(")", 64)), "1");
  EXPECT_EQ(value_of(repeat("1^", 200) + "1"), "failure: nested too deeply");
  EXPECT_EQ(value_of(repeat("-", 999) + "1"), "-1");
  EXPECT_EQ(value_of(repeat("(", 1'000'000)), "failure: it is too long (1000000 bytes)");
  EXPECT_EQ(value_of(repeat("7", 1'000'000)), "failure: it is too long (1000000 bytes)");
  EXPECT_EQ(value_of(repeat("9", 1000)).size(), 1000u);  // 3322 bits: within the bound
  EXPECT_EQ(value_of(repeat("9", 700) + "*" + repeat("9", 299)).size(), 999u);
  EXPECT_EQ(value_of(repeat("9e300*", 100) + "1"), "failure: a value is too large");
  // 100 fractions with different denominators: the common denominator grows until the bound.
  std::string harmonic = "0";
  for (int i = 101; harmonic.size() < 980; i += 2) harmonic += "+1/" + std::to_string(i) + "e9";
  EXPECT_FALSE(value_of(harmonic).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(ExpressionTest, TakeNumberStopsBehindTheNumber) {
  std::string_view text = "1,000.25e2 m";
  const auto number = take_number(text);
  ASSERT_TRUE(number.ok());
  EXPECT_EQ(number.value(), Rational(100025));
  EXPECT_EQ(text, " m");
  text = "3em";
  EXPECT_EQ(take_number(text).value(), Rational(3));
  EXPECT_EQ(text, "em");
  text = "m";
  EXPECT_FALSE(take_number(text).ok());
  EXPECT_EQ(text, "m");
}

}  // namespace
}  // namespace r1::reward
