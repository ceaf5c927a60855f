// Which words count, which language they are of, and where the chain of thought stands.
#include "r1/reward/language.h"

#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

TEST(ChainOfThoughtTest, IsTheLastThinkBlock) {
  EXPECT_EQ(chain_of_thought("<think>one</think><think>two</think><answer>3</answer>"), "two");
  EXPECT_EQ(chain_of_thought("<think></think><answer>3</answer>"), "");
}

TEST(ChainOfThoughtTest, DoesWithoutTheOpeningTag) {
  EXPECT_EQ(chain_of_thought("one</think><answer>3</answer>"), "one");  // the prompt ended with <think>
}

TEST(ChainOfThoughtTest, WithoutABlockIsWhatStandsBeforeTheAnswer) {
  EXPECT_EQ(chain_of_thought("so 3\n<answer>3</answer>"), "so 3\n");
  EXPECT_EQ(chain_of_thought("so 3"), "so 3");
  EXPECT_EQ(chain_of_thought("<think>cut off"), "cut off");
  EXPECT_EQ(chain_of_thought("<think>no end<answer>3</answer>"), "no end");
}

struct CountCase {
  const char* text;
  std::int64_t latin, han, other;
};

TEST(CountWordsTest, CountsByScript) {
  const CountCase cases[] = {
      {"Wait, let me check.", 4, 0, 0},
      {"我们先算一下", 0, 6, 0},
      {"先算sum再说", 1, 4, 0},
      {"привет мир", 0, 0, 2},
      {"naïve café", 2, 0, 0},
      {"x = 3 + y * 12", 0, 0, 0},  // variables, digits, operators
      {"I have a cat", 2, 0, 0},  // single letters never count
      {"\\frac{a}{b} is half", 2, 0, 0},  // the command is an operator
      {"so ```python\nprint(total)\n``` done", 2, 0, 0},
      {"so ```never closed", 1, 0, 0},
      {"π r²", 0, 0, 0},
      {"", 0, 0, 0},
  };
  for (const CountCase& c : cases) {
    const WordCounts words = count_words(c.text);
    EXPECT_EQ(words.latin, c.latin) << c.text;
    EXPECT_EQ(words.han, c.han) << c.text;
    EXPECT_EQ(words.other, c.other) << c.text;
  }
}

TEST(LanguageConsistencyTest, IsTheShareOfTheTargetLanguage) {
  const std::string mixed = "<think>three words here 五个字在此</think><answer>中文</answer>";
  EXPECT_DOUBLE_EQ(language_consistency(mixed, "en").share, 3.0 / 8.0);
  EXPECT_DOUBLE_EQ(language_consistency(mixed, "zh").share, 5.0 / 8.0);
  EXPECT_EQ(language_consistency(mixed, "zh").why, "3 of 8 words are not zh");
  const LanguageConsistency pure = language_consistency("<think>only English words, 3 + 4</think>", "en");
  EXPECT_EQ(pure.share, 1.0);
  EXPECT_EQ(pure.why, "");
  EXPECT_EQ(language_consistency("<think>только слова</think>", "en").share, 0.0);
}

TEST(LanguageConsistencyTest, SayingNothingDoesNotPay) {
  for (const char* silent :
       {"<think></think><answer>3</answer>", "<think>3+4=7</think>", "<answer>three</answer>", ""}) {
    EXPECT_EQ(language_consistency(silent, "en").share, 0.0) << silent;
    EXPECT_EQ(language_consistency(silent, "en").why, "no words in the chain of thought") << silent;
  }
}

TEST(LanguageConsistencyTest, KnowsTwoLanguages) {
  EXPECT_THROW((void)language_consistency("text", "fr"), UserError);
  EXPECT_THROW((void)language_consistency("text", ""), UserError);
}

TEST(LanguageMixingTest, IsTheShareOutsideTheMainScript) {
  EXPECT_EQ(language_mixing_share("all in English"), 0.0);
  EXPECT_EQ(language_mixing_share("1 + 2"), 0.0);
  EXPECT_DOUBLE_EQ(language_mixing_share("so 我们先算"), 1.0 / 5.0);
}

}  // namespace
}  // namespace r1::reward
