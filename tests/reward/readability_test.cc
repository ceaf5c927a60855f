// Each flag on its own, the measures behind them, and the words of reflection.
#include "r1/reward/readability.h"

#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

std::string thinking(const std::string& thought) { return "<think>" + thought + "</think><answer>1</answer>"; }

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(ReadabilityTest, PlainReasoningIsReadable) {
  const Readability r = check_readability(
      thinking("First add 3 and 4, which gives 7.\n\nThen double it: 14. Check: 14 / 2 = 7, and 7 - 4 = 3. Fine."));
  EXPECT_TRUE(r.readable());
  EXPECT_LT(r.repeated, 0.1);
}

TEST(ReadabilityTest, FlagsRepetition) {
  const Readability r = check_readability(thinking(repeated("I think so. ", 20)));
  EXPECT_TRUE(r.repetitive);
  EXPECT_FALSE(r.overlong || r.mixed_language || r.code_block || r.empty_think);
  EXPECT_FALSE(r.readable());
  EXPECT_TRUE(check_readability(thinking(repeated("我再想想", 20))).repetitive);
  EXPECT_FALSE(check_readability(thinking(repeated("I think so. ", 5))).repetitive);  // too short to tell
}

TEST(ReadabilityTest, RepetitionIsOneMinusTheShareOfDifferentNgrams) {
  EXPECT_DOUBLE_EQ(repeated_ngram_share("a b c a b c", 1), 0.5);
  EXPECT_DOUBLE_EQ(repeated_ngram_share("a b c A B C", 3), 1.0 - 3.0 / 4.0);  // abc bca cab abc
  EXPECT_EQ(repeated_ngram_share("a b c", 3), 0.0);
  EXPECT_EQ(repeated_ngram_share("", 2), 0.0);
}

TEST(ReadabilityTest, FlagsLongParagraphs) {
  ReadabilityConfig config;
  config.max_paragraph = 40;
  EXPECT_TRUE(check_readability(thinking(repeated("字词", 21)), config).overlong);
  EXPECT_FALSE(check_readability(thinking(repeated("字词", 20)), config).overlong);  // characters, not bytes
  EXPECT_FALSE(check_readability(thinking("twenty characters ..\n \ntwenty characters .."), config).overlong);
  EXPECT_TRUE(check_readability(thinking("twenty characters ..\ntwenty characters .."), config).overlong);
  EXPECT_EQ(longest_paragraph("ab\ncd\n\nefg"), 5);
}

TEST(ReadabilityTest, FlagsMixedLanguages) {
  EXPECT_TRUE(check_readability(thinking("so the sum 我们先算一下 is seven")).mixed_language);
  EXPECT_FALSE(check_readability(thinking("so the sum is seven") + "答案").mixed_language);  // the thought counts
}

TEST(ReadabilityTest, FlagsCodeAndEmptiness) {
  EXPECT_TRUE(check_readability(thinking("run\n```python\nprint(1)\n```")).code_block);
  EXPECT_TRUE(check_readability(thinking(" \n ")).empty_think);
  EXPECT_TRUE(check_readability("<answer>1</answer>").empty_think);
  EXPECT_FALSE(check_readability(thinking("x")).empty_think);
}

TEST(ReadabilityTest, RefusesThresholdsWithoutSense) {
  EXPECT_THROW((void)check_readability("x", {.ngram = 0}), UserError);
  EXPECT_THROW((void)check_readability("x", {.max_repeated = 1.5}), UserError);
}

TEST(ReflectionTest, CountsWholeWordsAndChinesePhrases) {
  EXPECT_EQ(count_reflection_words("Wait, but that is WRONG. Let me re-evaluate and recheck it."), 5);
  EXPECT_EQ(count_reflection_words("The waiter had a button."), 0);
  EXPECT_EQ(count_reflection_words("等等，这不对，重新验证一下，再检查错误。"), 6);
  EXPECT_EQ(count_reflection_words(""), 0);
}

}  // namespace
}  // namespace r1::reward
