// The template check on what R1-Zero's models really write: right, doubled, swapped, nested, cut off.
#include "r1/reward/format.h"

#include <gtest/gtest.h>

#include <string>

namespace r1::reward {
namespace {

TEST(FormatTest, AcceptsTheTemplateWithAnyWhiteSpaceAround) {
  EXPECT_TRUE(check_format("<think>7+4=11</think><answer>11</answer>").strict);
  EXPECT_TRUE(check_format(" \n<think>\n7+4=11\n</think>\n<answer>\n11\n</answer>\n").strict);
  EXPECT_TRUE(check_format("<think></think><answer></answer>").strict);
}

TEST(FormatTest, RefusesTextOutsideTheTags) {
  EXPECT_FALSE(check_format("Well: <think>a</think><answer>b</answer>").strict);
  EXPECT_FALSE(check_format("<think>a</think> so <answer>b</answer>").strict);
  EXPECT_FALSE(check_format("<think>a</think><answer>b</answer>!").strict);
}

TEST(FormatTest, RefusesMissingDoubledSwappedAndNestedTags) {
  EXPECT_FALSE(check_format("").strict);
  EXPECT_FALSE(check_format("<answer>b</answer>").strict);
  EXPECT_FALSE(check_format("<think>a</think>").strict);
  EXPECT_FALSE(check_format("<think>a</think><answer>b").strict);
  EXPECT_FALSE(check_format("<think>a<think>b</think><answer>c</answer>").strict);
  EXPECT_FALSE(check_format("<think>a</think></think><answer>c</answer>").strict);
  EXPECT_FALSE(check_format("<think>a</think><answer>b</answer><answer>c</answer>").strict);
  EXPECT_FALSE(check_format("<answer>b</answer><think>a</think>").strict);
  EXPECT_FALSE(check_format("<think>a<answer>b</answer></think>").strict);
  EXPECT_FALSE(check_format("<think>a</answer></think><answer>b").strict);
  EXPECT_FALSE(check_format("</think>a<think><answer>b</answer>").strict);
  EXPECT_FALSE(check_format("<Think>a</Think><answer>b</answer>").strict);
}

TEST(FormatTest, CompletionMayStartInsideThinkWhenThePromptOpenedIt) {
  EXPECT_TRUE(check_format("7+4=11</think><answer>11</answer>", true).strict);
  EXPECT_FALSE(check_format("7+4=11</think><answer>11</answer>", false).strict);
  EXPECT_FALSE(check_format("<think>7+4=11</think><answer>11</answer>", true).strict);
}

TEST(FormatTest, SoftCounts) {
  const FormatCheck chatty = check_format("So: <think>a</think> hm <answer>b</answer> done");
  EXPECT_FALSE(chatty.strict);
  EXPECT_TRUE(chatty.has_think);
  EXPECT_TRUE(chatty.has_answer);
  EXPECT_FALSE(check_format("<think> \n</think><answer>b</answer>").has_think);
  EXPECT_FALSE(check_format("<think>a").has_think);
  EXPECT_FALSE(check_format("a</think>").has_think);
  EXPECT_TRUE(check_format("a</think>", true).has_think);
  EXPECT_FALSE(check_format("</answer><answer>").has_answer);
}

TEST(FormatTest, AMegabyteOfTagsIsLinear) {
  std::string text;
  while (text.size() < 1'000'000) text += "<think><answer>";
  EXPECT_FALSE(check_format(text).strict);
}

}  // namespace
}  // namespace r1::reward
