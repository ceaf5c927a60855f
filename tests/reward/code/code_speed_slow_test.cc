// Verdicts on code answers a second, printed; the bound is loose enough for a busy machine.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "r1/reward/isolated_scorer.h"
#include "r1/reward/rule_scorer.h"
#include "tests/reward/code/isolations.h"

namespace r1::reward {
namespace {

class CodeSpeedTest : public IsolationTest {};

INSTANTIATE_TEST_SUITE_P(Isolations, CodeSpeedTest, testing::Values("bubblewrap", "process"), isolation_name);

TEST_P(CodeSpeedTest, ManyVerdictsASecond) {
  RuleScorerConfig rules;
  rules.code = config_;
  const IsolatedScorer isolated(core::dump_config(rules), {});
  RewardInput input;
  input.verifier = "code";
  input.tests = R"([{"input": [3, 1, 2], "output": 6}, {"input": [], "output": 0}, {"input": [5], "output": 5}])";
  input.completion =
      "<think>add</think><answer>def f(x):\n  total = 0\n  for y in x: total += y\n  return total</answer>";
  (void)isolated.score_batch(std::vector<RewardInput>(4, input));  // both sandboxes start
  const std::vector<RewardInput> inputs(600, input);
  const auto start = std::chrono::steady_clock::now();
  for (const Verdict& verdict : isolated.score_batch(inputs)) ASSERT_EQ(verdict.score, 2.0) << verdict.why;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double rate = static_cast<double>(inputs.size()) / seconds;
  std::printf("%s: %.0f code verdicts/s with 2 workers\n", GetParam(), rate);
  EXPECT_GT(rate, 20.0);
}

}  // namespace
}  // namespace r1::reward
