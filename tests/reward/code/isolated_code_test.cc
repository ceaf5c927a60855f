// Code answers inside scorer workers: the sandbox works under a worker's limits on memory and CPU time, and goes when
// its worker goes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "r1/reward/isolated_scorer.h"
#include "r1/reward/rule_scorer.h"
#include "tests/reward/code/isolations.h"

namespace r1::reward {
namespace {

class IsolatedCodeTest : public IsolationTest {
 protected:
  std::string rules() const {
    RuleScorerConfig config;
    config.code = config_;
    return core::dump_config(config);
  }
};

INSTANTIATE_TEST_SUITE_P(Isolations, IsolatedCodeTest, testing::Values("bubblewrap", "process"), isolation_name);

RewardInput code_input(const std::string& answer) {
  RewardInput input;
  input.verifier = "code";
  input.tests = R"([{"input": 1, "output": 2}, {"input": 5, "output": 10}])";
  input.completion = "<think>hm</think><answer>" + answer + "</answer>";
  return input;
}

TEST_P(IsolatedCodeTest, WorksUnderTheWorkersLimits) {
  const IsolatedScorer isolated(rules(), {});
  std::vector<RewardInput> inputs;
  for (const char* answer : {"2 * x", "x", "while True: pass", "2 *", "bytearray(10**10)", "x + x"})
    inputs.push_back(code_input(answer));
  const std::vector<Verdict> verdicts = isolated.score_batch(inputs);
  const std::vector<double> accuracies = {1, 0, 0, 0, 0, 1};
  const std::vector<Outcome> outcomes = {Outcome::Scored,      Outcome::Scored, Outcome::Timeout,
                                         Outcome::Unparseable, Outcome::Crash,  Outcome::Scored};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(verdicts[i].part("accuracy"), accuracies[i]) << i << verdicts[i].why;
    EXPECT_EQ(verdicts[i].outcome, outcomes[i]) << i << verdicts[i].why;
    EXPECT_EQ(verdicts[i].part("format"), 1.0) << i;
  }
  EXPECT_EQ(isolated.num_restarts(), 0);
}

TEST_P(IsolatedCodeTest, AWorkerKilledWithItsSandboxIsATimeout) {
  config_.wall_seconds = 60.0;
  const IsolatedScorer isolated(rules(), {.num_workers = 1, .wall_seconds = 3.0});
  EXPECT_EQ(isolated.score(code_input("__import__('time').sleep(1000)")).outcome, Outcome::Timeout);
  EXPECT_EQ(isolated.num_restarts(), 1);
  EXPECT_EQ(isolated.score(code_input("2 * x")).score, 2.0);
}

}  // namespace
}  // namespace r1::reward
