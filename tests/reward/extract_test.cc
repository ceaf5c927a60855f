// The strict extractor reads the last tag only; the lenient ones read the whole text.
#include "r1/reward/extract.h"

#include <gtest/gtest.h>

#include <string>

namespace r1::reward {
namespace {

TEST(ExtractTest, TrimsAsciiWhiteSpace) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
}

TEST(ExtractTest, AnswerIsTheLastClosedPair) {
  EXPECT_EQ(extract_answer("<think>1</think><answer> 2 </answer>"), "2");
  EXPECT_EQ(extract_answer("<answer>1</answer> no: <answer>3</answer>"), "3");
  EXPECT_EQ(extract_answer("<answer>1<answer>4</answer>"), "4");
  EXPECT_EQ(extract_answer("<answer></answer>"), "");
  EXPECT_EQ(extract_answer("<answer>1"), std::nullopt);
  EXPECT_EQ(extract_answer("1</answer>"), std::nullopt);
  EXPECT_EQ(extract_answer("<answer>1</answer><answer>2"), "1");
}

TEST(ExtractTest, LastNumberKeepsSignsFractionsCommasAndDecimals) {
  EXPECT_EQ(last_number("first 3, then 42."), "42");
  EXPECT_EQ(last_number("it is -7"), "-7");
  EXPECT_EQ(last_number("x=-7"), "-7");
  EXPECT_EQ(last_number("x = \xe2\x88\x92"
                        "7"),
            "\xe2\x88\x92"
            "7");
  EXPECT_EQ(last_number("7-4"), "4");
  EXPECT_EQ(last_number("(7)-4"), "4");
  EXPECT_EQ(last_number("7 - 4 = +3"), "+3");
  EXPECT_EQ(last_number("total 1,234,567.50 dollars"), "1,234,567.50");
  EXPECT_EQ(last_number("1,2,3"), "3");
  EXPECT_EQ(last_number("1,2345"), "2345");
  EXPECT_EQ(last_number("about 3/4 of it"), "3/4");
  EXPECT_EQ(last_number("-3/4"), "-3/4");
  EXPECT_EQ(last_number("12/4=3"), "3");
  EXPECT_EQ(last_number("6.02e23 of them"), "6.02e23");
  EXPECT_EQ(last_number(".5"), ".5");
  EXPECT_EQ(last_number("50%"), "50%");
  EXPECT_EQ(last_number("<answer>9</answer>"), "9");
  EXPECT_EQ(last_number("none"), std::nullopt);
  EXPECT_EQ(last_number(""), std::nullopt);
}

TEST(ExtractTest, LastNumberOfAMegabyteIsLinear) {
  EXPECT_EQ(last_number(std::string(1'000'000, '7'))->size(), 1'000'000u);
  std::string pairs;
  while (pairs.size() < 1'000'000) pairs += "1,";
  EXPECT_EQ(last_number(pairs), "1");
}

TEST(ExtractTest, LastCandidateIsAWholeWord) {
  const std::vector<std::string> yes_no = {"yes", "no"};
  EXPECT_EQ(last_candidate("yes? No.", yes_no), "no");
  EXPECT_EQ(last_candidate("no, so YES", yes_no), "yes");
  EXPECT_EQ(last_candidate("yes and nothing", yes_no), "yes");
  EXPECT_EQ(last_candidate("eyes know", yes_no), std::nullopt);
  EXPECT_EQ(last_candidate("the order is 1, 2, 3", {"2, 3", "1, 2, 3"}), "1, 2, 3");
  EXPECT_EQ(last_candidate("\xe7\xad\x94\xef\xbc\x9a\xe6\x98\xaf", {"\xe6\x98\xaf"}), "\xe6\x98\xaf");
  EXPECT_EQ(last_candidate("yes", {""}), std::nullopt);
}

TEST(ExtractTest, LastExpressionNeedsAnOperatorBetweenNumbers) {
  EXPECT_EQ(last_expression("try 3*4=12, then 79+(17-60) = 36"), "79+(17-60)");
  EXPECT_EQ(last_expression("<answer> (8-2)*5 </answer>"), "(8-2)*5");
  EXPECT_EQ(last_expression("1+2\n3"), "1+2");
  EXPECT_EQ(last_expression("just 36"), std::nullopt);
  EXPECT_EQ(last_expression("- 36"), std::nullopt);
  EXPECT_EQ(last_expression(""), std::nullopt);
}

}  // namespace
}  // namespace r1::reward
