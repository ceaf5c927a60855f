// Numbers with and without units: what is read, what is equal, what is refused.
#include "r1/reward/math/quantity.h"

#include <gtest/gtest.h>

#include <string>

namespace r1::reward {
namespace {

std::string read(const std::string& text) {
  const auto q = parse_quantity(text);
  if (!q) return "failure: " + q.why();
  return q.value().value.to_string() + "|" + q.value().unit;
}

bool equal(const std::string& truth, const std::string& answer) {
  return equal_quantities(parse_quantity(truth).value(), parse_quantity(answer).value());
}

TEST(QuantityTest, ReadsNumbers) {
  EXPECT_EQ(read("36"), "36|");
  EXPECT_EQ(read(" -7. "), "-7|");
  EXPECT_EQ(read("+7"), "7|");
  EXPECT_EQ(read("\xe2\x88\x92"
                 "7"),
            "-7|");
  EXPECT_EQ(read("1,234.50"), "2469/2|");
  EXPECT_EQ(read("6/8"), "3/4|");
  EXPECT_EQ(read("-6 / 8"), "-3/4|");
  EXPECT_EQ(read("1.5e3"), "1500|");
  EXPECT_EQ(read("50%"), "1/2|");
  EXPECT_EQ(read("50 %."), "1/2|");
}

TEST(QuantityTest, ReadsUnits) {
  EXPECT_EQ(read("36 m"), "36|m");
  EXPECT_EQ(read("36m."), "36|m");
  EXPECT_EQ(read("9.8 m/s^2"), "49/5|m/s^2");
  EXPECT_EQ(read("9.8 m / s\xc2\xb2"), "49/5|m/s^2");
  EXPECT_EQ(read("5 cm\xc2\xb3"), "5|cm^3");
  EXPECT_EQ(read("$12"), "12|$");
  EXPECT_EQ(read("-$1,200"), "-1200|$");
  EXPECT_EQ(read("$-3"), "-3|$");
  EXPECT_EQ(read("36 \xe7\xb1\xb3"), "36|\xe7\xb1\xb3");
  EXPECT_EQ(read("36 /h"), "36|/h");
}

TEST(QuantityTest, UnitCountsOnlyWhenTheTruthHasOne) {
  EXPECT_TRUE(equal("36", "36 m"));
  EXPECT_TRUE(equal("36 m", "36m"));
  EXPECT_FALSE(equal("36 m", "36"));
  EXPECT_FALSE(equal("36 m", "36 cm"));
  EXPECT_FALSE(equal("36 m", "37 m"));
  EXPECT_FALSE(equal("36 m", "36 M"));
}

TEST(QuantityTest, EqualByExactValue) {
  EXPECT_TRUE(equal("1/2", "0.50"));
  EXPECT_TRUE(equal("0.5", "50%"));
  EXPECT_TRUE(equal("1000", "1,000"));
  EXPECT_TRUE(equal("3/4", "6/8"));
  EXPECT_FALSE(equal("1/3", "0.3333333333"));
  EXPECT_FALSE(equal("50", "50%"));
}

TEST(QuantityTest, RefusesMoreThanOneNumberAndSentences) {
  EXPECT_EQ(read("9 or 10"), "failure: unexpected '10'");
  EXPECT_EQ(read("9, 10"), "failure: unexpected ', 10'");
  EXPECT_EQ(read("9;10"), "failure: unexpected ';10'");
  EXPECT_EQ(read("9 -> 10"), "failure: unexpected '-> 10'");
}

TEST(QuantityTest, RefusesArithmeticAndJunk) {
  EXPECT_EQ(read("7+4"), "failure: unexpected '+4'");
  EXPECT_EQ(read("7 = 7"), "failure: unexpected '= 7'");
  EXPECT_EQ(read("7*4"), "failure: unexpected '*4'");
  EXPECT_EQ(read("1/0"), "failure: division by zero");
  EXPECT_EQ(read(""), "failure: no digits");
  EXPECT_EQ(read("m"), "failure: no digits");
  EXPECT_EQ(read("--7"), "failure: no digits");
  EXPECT_EQ(read("9 is the answer because I said so!"), "failure: more than a unit stands behind the number");
  EXPECT_EQ(read(std::string(1'000'000, '1')), "failure: it is too long (1000000 bytes)");
}

}  // namespace
}  // namespace r1::reward
