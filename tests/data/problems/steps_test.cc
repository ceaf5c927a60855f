// The rewriting rules on worked examples, and what each family makes of a step.
#include "r1/data/problems/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Steps, ProductsFirstThenSumsFromTheLeft) {
  EXPECT_THAT(rewrite_expression("3+8+5+9"), ElementsAre("11+5+9", "16+9", "25"));
  EXPECT_THAT(rewrite_expression("3*4+5*2"), ElementsAre("12+5*2", "12+10", "22"));
  EXPECT_THAT(rewrite_expression("20-3*4-5"), ElementsAre("20-12-5", "8-5", "3"));
  EXPECT_THAT(rewrite_expression("7"), IsEmpty());
  EXPECT_THROW(rewrite_expression("3+"), Error);
  EXPECT_THROW(rewrite_expression("x+1"), Error);
}

TEST(Steps, MultiplyOutDoesAllProductsAtOnce) { EXPECT_EQ(multiply_out("2*12+6*1+1*16"), "24+6+16"); }

TEST(Steps, LastNumber) {
  EXPECT_EQ(last_number("x=15"), "15");
  EXPECT_EQ(last_number("7"), "7");
  EXPECT_EQ(last_number("36 m"), "");
}

TEST(Steps, LinearEquationsGoOnFromAnyStep) {
  const auto resume = find_family("linear_equation").resume;
  EXPECT_THAT(resume("3*x+4=19"), ElementsAre("3*x=15", "x=5"));
  EXPECT_THAT(resume("2*(x+3)+4=18"), ElementsAre("2*(x+3)=14", "x+3=7", "x=4"));
  EXPECT_THAT(resume("5*x+3=2*x+18"), ElementsAre("3*x+3=18", "3*x=15", "x=5"));
  EXPECT_THAT(resume("x=5"), IsEmpty());
}

TEST(Steps, WhatLeadsNowhereEnds) {
  EXPECT_THAT(find_family("linear_equation").resume("0*(x+9)=153"), IsEmpty());
  EXPECT_THAT(find_family("linear_equation").resume("0*x=5"), IsEmpty());
}

TEST(Steps, MolarMassesGoOnFromAnyStep) {
  const auto resume = find_family("molar_mass").resume;
  EXPECT_THAT(resume("2*12+6*1+1*16"), ElementsAre("24+6+16", "30+16", "46"));
  EXPECT_THAT(resume("24+6+16"), ElementsAre("30+16", "46"));
}

TEST(Steps, EuclidGoesOnFromAnyPair) {
  const auto resume = find_family("gcd").resume;
  EXPECT_THAT(resume("48,18"), ElementsAre("18,12", "12,6", "6,0", "6"));
  EXPECT_THAT(resume("6"), IsEmpty());
}

TEST(Steps, PhrasesFillTheirHolesInTheLanguageAsked) {
  const Phrasings phrasings = {{"a {0} {1}", "b {1} {0}"}, {"c {0}", "d {0}"}};
  int first = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    core::Rng rng({.seed = 1, .sample = i});
    const std::string text = phrase(phrasings, "en", {"x", "y"}, rng);
    EXPECT_TRUE(text == "a x y" || text == "b y x") << text;
    first += text == "a x y" ? 1 : 0;
  }
  EXPECT_GT(first, 25);
  EXPECT_LT(first, 75);
}

}  // namespace
}  // namespace r1::data
