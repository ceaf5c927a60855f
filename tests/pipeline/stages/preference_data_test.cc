// Pairs and labels: the judge decides, ties go, lengths are balanced, no prompt is in two parts.
#include "r1/pipeline/stages/preference_data.h"

#include <gtest/gtest.h>

#include <cmath>

#include "r1/reward/rubric_judge.h"

namespace r1::pipeline {
namespace {

data::Problem prompt(const std::string& id, const std::string& verifier) {
  data::Problem problem;
  problem.id = id;
  problem.prompt = "Tell me about the sea.";
  problem.answer = "The sea is wide and blue.";
  problem.verifier = verifier;
  problem.tests = {R"({"points":["wide","blue"],"avoid":["fire"]})"};
  return problem;
}

eval::EvalItem said(std::int64_t problem, const std::string& answer, std::int64_t tokens) {
  eval::EvalItem item;
  item.problem = problem;
  item.text = "<think></think><answer>" + answer + "</answer>";
  item.num_tokens = tokens;
  return item;
}

TEST(PreferenceData, PairsHaveTheBetterAnswerAsChosen) {
  const std::vector<data::Problem> problems = {prompt("a", "helpful"), prompt("b", "helpful"), prompt("c", "safe")};
  const std::vector<eval::EvalItem> items = {said(0, "ok", 3), said(0, "wide and blue", 5), said(1, "ok", 3),
                                             said(1, "hm", 3), said(2, "fire", 2),          said(2, "wide, blue", 4)};
  std::map<std::string, std::int64_t> dropped;
  const std::vector<PreferencePair> pairs = judge_pairs(items, problems, reward::RubricJudge(), 1.0, dropped);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].problem, 0);
  EXPECT_EQ(pairs[0].chosen, items[1].text);
  EXPECT_EQ(pairs[0].rejected, items[0].text);
  EXPECT_EQ(dropped["tie"], 1);
  const std::vector<LabelledAnswer> labels = judge_labels(items, problems, reward::RubricJudge(), dropped);
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_FALSE(labels[0].safe);
  EXPECT_TRUE(labels[1].safe);
}

TEST(PreferenceData, LengthsAreBalancedByDroppingTheMostUnequalPairs) {
  std::vector<PreferencePair> pairs;
  for (int i = 0; i < 10; ++i)
    pairs.push_back(
        {.problem = i, .chosen = "", .rejected = "", .chosen_tokens = 10 + i, .rejected_tokens = 10, .gap = 1});
  pairs.push_back({.problem = 10, .chosen = "", .rejected = "", .chosen_tokens = 5, .rejected_tokens = 10, .gap = 1});
  const std::int64_t dropped = balance_lengths(pairs, 0.5);
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(pairs.size() + static_cast<std::size_t>(dropped), 11u);
  double sum = 0;
  for (const PreferencePair& p : pairs) sum += static_cast<double>(p.chosen_tokens - p.rejected_tokens);
  EXPECT_LE(std::abs(sum / static_cast<double>(pairs.size())), 0.5);
}

TEST(PreferenceData, EveryPromptIsInOnePartAndTheSharesHold) {
  std::map<Part, int> counts;
  for (int i = 0; i < 4000; ++i) {
    const Part part = part_of(i, 0.4, 0.15, 7);
    EXPECT_EQ(part, part_of(i, 0.4, 0.15, 7));
    ++counts[part];
  }
  EXPECT_NEAR(counts[Part::Judge] + counts[Part::JudgeHeldOut], 1600, 120);
  EXPECT_NEAR(counts[Part::TrainHeldOut], 360, 60);
}

}  // namespace
}  // namespace r1::pipeline
