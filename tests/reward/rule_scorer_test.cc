// The reward itself: weights, parts, outcomes, reasons; and the lenient accuracy of evaluations.
#include "r1/reward/rule_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

RewardInput input_of(const std::string& verifier, const std::string& answer, const std::string& completion) {
  RewardInput input;
  input.verifier = verifier;
  input.answer = answer;
  input.completion = completion;
  return input;
}

std::string good_format(const std::string& answer) { return "<think>hm</think>\n<answer>" + answer + "</answer>"; }

Verdict verdict_of(const std::string& verifier, const std::string& truth, const std::string& answer) {
  return RuleScorer({}).score(input_of(verifier, truth, good_format(answer)));
}

TEST(RuleScorerTest, ScoreIsTheWeightedSumOfItsParts) {
  const RuleScorer scorer({.accuracy_weight = 2.0, .format_weight = 0.25});
  const Verdict both = scorer.score(input_of("number", "11", good_format("11")));
  EXPECT_EQ(both.score, 2.25);
  EXPECT_EQ(both.part("accuracy"), 1.0);
  EXPECT_EQ(both.part("format"), 1.0);
  EXPECT_EQ(both.outcome, Outcome::Scored);
  EXPECT_EQ(both.why, "");
  const Verdict wrong = scorer.score(input_of("number", "11", good_format("12")));
  EXPECT_EQ(wrong.score, 0.25);
  EXPECT_EQ(wrong.outcome, Outcome::Scored);
  EXPECT_EQ(wrong.why, "wrong: 12 is not 11");
  const Verdict bare = scorer.score(input_of("number", "11", "<answer>11</answer>"));
  EXPECT_EQ(bare.score, 2.0);
  EXPECT_EQ(bare.part("format"), 0.0);
}

TEST(RuleScorerTest, UnreadableAnswersAreCountedAndKeepTheirFormatPart) {
  const Verdict junk = verdict_of("number", "11", "eleven");
  EXPECT_EQ(junk.outcome, Outcome::Unparseable);
  EXPECT_EQ(junk.score, 1.0);
  EXPECT_EQ(junk.part("accuracy"), 0.0);
  EXPECT_EQ(junk.why, "'eleven' is no number: no digits");
  const Verdict silent = RuleScorer({}).score(input_of("number", "11", "it is 11"));
  EXPECT_EQ(silent.outcome, Outcome::Unparseable);
  EXPECT_EQ(silent.score, 0.0);
  EXPECT_EQ(silent.why, "no <answer> tag");
  EXPECT_EQ(verdict_of("text", "yes", " ").outcome, Outcome::Unparseable);
}

TEST(RuleScorerTest, NumberNeedsANumber) {
  EXPECT_EQ(verdict_of("number", "36 m", "36 m").part("accuracy"), 1.0);
  EXPECT_EQ(verdict_of("number", "36 m", "36").part("accuracy"), 0.0);
  EXPECT_EQ(verdict_of("number", "11", "7+4").outcome, Outcome::Unparseable);
}

TEST(RuleScorerTest, ExpressionIsEqualByValue) {
  EXPECT_EQ(verdict_of("expression", "11/2", "5+1/2").part("accuracy"), 1.0);
  EXPECT_EQ(verdict_of("expression", "11", "7+5").part("accuracy"), 0.0);
  EXPECT_EQ(verdict_of("expression", "11", "7+x").outcome, Outcome::Unparseable);
}

TEST(RuleScorerTest, TextIgnoresCaseBlanksAndTheFullStop) {
  EXPECT_EQ(verdict_of("text", "Knight", " knight. ").part("accuracy"), 1.0);
  EXPECT_EQ(verdict_of("text", "1, 2, 3", "1,2 ,3").part("accuracy"), 1.0);
  EXPECT_EQ(verdict_of("text", "1 2", "12").part("accuracy"), 0.0);
  EXPECT_EQ(verdict_of("text", "knight", "knave").part("accuracy"), 0.0);
  EXPECT_EQ(normalise_text("  The  Cat,\n a dog. "), "the cat,a dog");
}

TEST(RuleScorerTest, CountdownUsesItsTests) {
  RewardInput input = input_of("countdown", "(79+(17-60))", good_format("17+79-60"));
  input.tests = R"({"numbers": [79, 17, 60], "target": 36})";
  const RuleScorer scorer({});
  EXPECT_EQ(scorer.score(input).score, 2.0);
  input.completion = good_format("79-60+18");
  EXPECT_EQ(scorer.score(input).why, "number_mismatch: used 18 60 79, given 17 60 79");
  EXPECT_EQ(scorer.score(input).outcome, Outcome::Scored);
  input.completion = "36";
  EXPECT_EQ(scorer.score(input).outcome, Outcome::Unparseable);
  EXPECT_EQ(scorer.score(input).why, "missing_answer: no <answer> tag");
}

TEST(RuleScorerTest, BadProblemsAreTheUsersMistake) {
  EXPECT_THROW(verdict_of("numbr", "11", "11"), UserError);
  EXPECT_THROW(verdict_of("number", "eleven", "11"), UserError);
  EXPECT_THROW(verdict_of("expression", "", "11"), UserError);
  EXPECT_THROW(verdict_of("text", " ", "11"), UserError);
  EXPECT_THROW(verdict_of("countdown", "", "11"), UserError);
  EXPECT_THROW(RuleScorer({}).score(input_of("numbr", "11", "no tag")), UserError);
}

TEST(RuleScorerTest, IsMadeFromItsConfigurationsYaml) {
  const auto scorer = make_rule_scorer(core::dump_config(RuleScorerConfig{.format_weight = 0.5, .think_opened = true}));
  EXPECT_EQ(scorer->score(input_of("number", "3", "hm</think><answer>3</answer>")).score, 1.5);
  EXPECT_THROW(make_rule_scorer("format_wait: 1"), UserError);
}

TEST(RuleScorerTest, LanguageIsAPartWhereItHasAWeight) {
  RewardInput input = input_of("number", "11", "<think>seven plus four 得十</think><answer>11</answer>");
  input.language = "en";
  EXPECT_EQ(RuleScorer({}).score(input).score, 2.0);
  EXPECT_EQ(RuleScorer({}).score(input).parts.size(), 2u);
  const RuleScorer scorer({.language_weight = 0.5});
  const Verdict verdict = scorer.score(input);
  EXPECT_EQ(verdict.part("language"), 0.6);
  EXPECT_EQ(verdict.score, 2.3);
  EXPECT_EQ(verdict.outcome, Outcome::Scored);
  EXPECT_EQ(verdict.why, "2 of 5 words are not en");
  input.completion = good_format("12");
  input.language = "zh";
  EXPECT_EQ(scorer.score(input).why, "wrong: 12 is not 11; 1 of 1 words are not zh");
  input.language = "";  // not checked
  EXPECT_EQ(scorer.score(input).parts.size(), 2u);
  input.language = "fr";
  EXPECT_THROW((void)scorer.score(input), UserError);
}

TEST(RuleScorerTest, WhatNoRuleCanCheckHasNoAccuracy) {
  for (const char* verifier : {"helpful", "safe"}) {
    RewardInput input = input_of(verifier, "", good_format("Certainly."));
    const Verdict verdict = RuleScorer({}).score(input);
    EXPECT_EQ(verdict.parts, (std::vector<std::pair<std::string, double>>{{"format", 1.0}}));
    EXPECT_EQ(verdict.score, 1.0);
    EXPECT_EQ(verdict.outcome, Outcome::Scored);
    input.language = "en";
    EXPECT_EQ(RuleScorer({.language_weight = 1.0}).score(input).score, 2.0);
    EXPECT_FALSE(has_accuracy(verifier));
    EXPECT_FALSE(has_lenient_check(verifier));
  }
  EXPECT_TRUE(has_accuracy("code"));
  EXPECT_FALSE(has_lenient_check("code"));
  EXPECT_TRUE(has_lenient_check("number"));
}

TEST(RuleScorerTest, BadLimitsOfCodeAreToldAtOnce) {
  RuleScorerConfig config;
  config.code.isolation = "none";
  EXPECT_THROW(RuleScorer{config}, UserError);
}

TEST(RuleScorerTest, LongAnswersAreCutInReasons) {
  const std::string why = verdict_of("text", "yes", std::string(500, 'a')).why;
  EXPECT_EQ(why, "wrong: " + std::string(60, 'a') + "... is not yes");
}

TEST(LenientTest, ReadsTheLastNumberWithoutTags) {
  EXPECT_TRUE(lenient_correct(input_of("number", "11", "so 7+4=11"), {}));
  EXPECT_TRUE(lenient_correct(input_of("number", "11 m", "so 11 metres."), {}));
  EXPECT_FALSE(lenient_correct(input_of("number", "11", "11, or 12"), {}));
  EXPECT_FALSE(lenient_correct(input_of("number", "11", "eleven"), {}));
  EXPECT_TRUE(lenient_correct(input_of("expression", "1/2", "it is 3/6"), {}));
}

TEST(LenientTest, ReadsTheLastWordOfTheFamily) {
  EXPECT_TRUE(lenient_correct(input_of("text", "No", "yes ... no"), {"yes", "no"}));
  EXPECT_FALSE(lenient_correct(input_of("text", "no", "no ... yes"), {"yes", "no"}));
  EXPECT_FALSE(lenient_correct(input_of("text", "no", "perhaps"), {"yes", "no"}));
}

TEST(LenientTest, ReadsTheLastExpressionOfCountdown) {
  RewardInput input = input_of("countdown", "", "79+17-60 = 36, done");
  input.tests = R"({"numbers": [79, 17, 60], "target": 36})";
  EXPECT_TRUE(lenient_correct(input, {}));
  input.completion = "79+17-60 = 36, or 79-17";
  EXPECT_FALSE(lenient_correct(input, {}));
}

}  // namespace
}  // namespace r1::reward
