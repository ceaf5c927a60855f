// Limits that take seconds to bite, and the throughput a training step needs.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "r1/reward/isolated_scorer.h"
#include "r1/reward/rule_scorer.h"

namespace r1::reward {
namespace {

TEST(IsolatedScorerSlowTest, CpuLimitEndsALoopBeforeTheWallClockDoes) {
  const IsolatedScorer isolated("misbehaving", {.num_workers = 1, .wall_seconds = 60.0, .cpu_seconds = 1});
  RewardInput input;
  input.completion = "loop";
  const Verdict verdict = isolated.score(input);
  EXPECT_EQ(verdict.outcome, Outcome::Timeout);
  EXPECT_EQ(verdict.why, "the scorer ran out of CPU time");
  input.completion = "abc";
  EXPECT_EQ(isolated.score(input).score, 3.0);
}

TEST(IsolatedScorerSlowTest, FourHundredVerdictsAStepAreCheap) {
  const IsolatedScorer isolated(core::dump_config(RuleScorerConfig{}), {});
  std::vector<RewardInput> inputs(400);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].completion = "<think>" + std::string(400, '7') + "</think><answer>" + std::to_string(i) + "</answer>";
    inputs[i].answer = "17";
    inputs[i].verifier = "number";
  }
  (void)isolated.score_batch(inputs);
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(isolated.score_batch(inputs)[17].score, 2.0);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  RecordProperty("best_ms", std::to_string(best * 1e3));
  std::printf("400 verdicts: %.2f ms\n", best * 1e3);
  EXPECT_LT(best, 0.2);  // measured: a few ms; the bound only catches a wrong design on a loaded machine
}

}  // namespace
}  // namespace r1::reward
