// Steps in words: the worked examples of the header, mixed languages, corrections, and that nothing but words is added.
#include "r1/data/problems/narration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "r1/core/error.h"
#include "r1/tokenizer/bpe_trainer.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;

const std::vector<std::string> kSteps = {"11+5+9", "16+9", "25"};

core::Rng make_rng(std::uint32_t sample) { return core::Rng({.seed = 5, .sample = sample}); }

std::string say(const std::vector<std::string>& steps, const Narration& narration, std::uint32_t sample = 0) {
  core::Rng rng = make_rng(sample);
  return narrate(steps, narration, rng);
}

TEST(Narration, WorkedExamples) {
  EXPECT_EQ(say(kSteps, {.language = "en"}), "first 11+5+9 then 16+9 so 25");
  EXPECT_EQ(say(kSteps, {.language = "zh"}), "先11+5+9再16+9所以25");
  EXPECT_EQ(say({"25"}, {.language = "en"}), "so 25");
  EXPECT_EQ(say({}, {.language = "en"}), "");
  EXPECT_EQ(say({"11+5+9", "16+9"}, {.language = "en", .concluded = false}), "first 11+5+9 then 16+9");
  EXPECT_EQ(say({"11+5+9", "16+8", "16+9", "25"}, {.language = "en", .retry = 2}),
            "first 11+5+9 then 16+8 wait 16+9 so 25");
  EXPECT_EQ(say({"11+5+9", "16+9", "24", "25"}, {.language = "zh", .retry = 3}), "先11+5+9再16+9所以24等等25");
}

TEST(Narration, MixedDrawsEachWordAndNeverOneLanguageOnly) {
  std::set<std::string> seen;
  for (std::uint32_t i = 0; i < 200; ++i) seen.insert(say(kSteps, {.language = "en", .mixed = true}, i));
  EXPECT_EQ(seen.size(), 6U);  // 2^3 choices less the two of one language
  EXPECT_TRUE(seen.contains("first 11+5+9再16+9 so 25"));
  EXPECT_FALSE(seen.contains("first 11+5+9 then 16+9 so 25"));
  EXPECT_FALSE(seen.contains("先11+5+9再16+9所以25"));
  EXPECT_EQ(say({"25"}, {.language = "en", .mixed = true}), "所以25");
  EXPECT_EQ(say({"25"}, {.language = "zh", .mixed = true}), "so 25");
}

TEST(Narration, RefusesOtherLanguages) { EXPECT_THROW(say(kSteps, {.language = "fr"}), UserError); }

TEST(Narration, ReflectionWordsAreThoseThatAreSaid) {
  EXPECT_THAT(reflection_words(), ElementsAre("wait", "等等"));
  EXPECT_THAT(say({"1", "2"}, {.language = "en", .retry = 1}), ::testing::HasSubstr(reflection_words()[0]));
  EXPECT_THAT(say({"1", "2"}, {.language = "zh", .retry = 1}), ::testing::HasSubstr(reflection_words()[1]));
}

TEST(Narration, EveryConnectiveBecomesOneToken) {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < 100; ++i)
    for (const char* language : {"en", "zh"})
      texts.push_back(say({"1+2", "3+4", "3+5", "8"}, {.language = language, .mixed = i % 2 == 0, .retry = 2}, i));
  const tokenizer::Tokenizer tokenizer =
      tokenizer::train_bpe({texts.begin(), texts.end()}, {.vocab_size = 320, .pattern = "single_digits"});
  for (const char* word : {"first", " then", " so", " wait", "先", "再", "所以", "等等"})
    EXPECT_EQ(tokenizer.encode(word).size(), 1U) << word;
  EXPECT_EQ(tokenizer.encode("先1+2再3+4所以8").size(), 3U + 3 + 3 + 1);
  EXPECT_EQ(tokenizer.encode("first 1+2 then 3+4 so 8").size(), 3U + 3 + 3 + 1 + 3);  // a blank before each digit
}

}  // namespace
}  // namespace r1::data
