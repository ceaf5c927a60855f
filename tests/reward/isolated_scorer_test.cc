// A scorer that hangs, aborts, exits or throws costs one verdict and one worker, never the run.
#include "r1/reward/isolated_scorer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "r1/core/error.h"
#include "r1/reward/rule_scorer.h"

namespace r1::reward {
namespace {

constexpr std::int64_t kMegabyte = 1 << 20;

RewardInput asking(const std::string& what) {
  RewardInput input;
  input.completion = what;
  input.answer = "17";
  return input;
}

std::vector<RewardInput> asking_all(const std::vector<std::string>& what) {
  std::vector<RewardInput> inputs;
  for (const std::string& one : what) inputs.push_back(asking(one));
  return inputs;
}

TEST(IsolatedScorerTest, GivesTheScorersOwnVerdicts) {
  const RuleScorerConfig rules{.format_weight = 0.5};
  const IsolatedScorer isolated(core::dump_config(rules), {});
  const RuleScorer direct(rules);
  std::vector<RewardInput> inputs;
  for (int i = 0; i < 40; ++i) {
    RewardInput input =
        asking("<think>" + std::string(i * 100, 'x') + "</think><answer>" + std::to_string(i) + "</answer>");
    input.verifier = "number";
    inputs.push_back(input);
  }
  const std::vector<Verdict> verdicts = isolated.score_batch(inputs);
  ASSERT_EQ(verdicts.size(), 40u);
  for (int i = 0; i < 40; ++i) {
    const Verdict expected = direct.score(inputs[i]);
    EXPECT_EQ(verdicts[i].score, i == 17 ? 1.5 : 0.5) << i;
    EXPECT_EQ(verdicts[i].parts, expected.parts) << i;
    EXPECT_EQ(verdicts[i].why, expected.why) << i;
    EXPECT_EQ(verdicts[i].outcome, expected.outcome) << i;
  }
  EXPECT_EQ(isolated.num_restarts(), 0);
  EXPECT_TRUE(isolated.score_batch({}).empty());
}

TEST(IsolatedScorerTest, AHangIsATimeoutAndTheOthersAreScored) {
  const IsolatedScorer isolated("misbehaving", {.wall_seconds = 0.2});
  const auto verdicts = isolated.score_batch(asking_all({"a", "loop", "bb", "sleep", "ccc", "dddd"}));
  ASSERT_EQ(verdicts.size(), 6u);
  for (const int i : {1, 3}) {
    EXPECT_EQ(verdicts[i].outcome, Outcome::Timeout);
    EXPECT_EQ(verdicts[i].why, "no verdict within 0.2 s");
    EXPECT_EQ(verdicts[i].score, 0.0);
  }
  EXPECT_EQ(verdicts[0].score, 1.0);
  EXPECT_EQ(verdicts[2].score, 2.0);
  EXPECT_EQ(verdicts[4].score, 3.0);
  EXPECT_EQ(verdicts[5].score, 4.0);
  EXPECT_EQ(isolated.num_restarts(), 2);
}

TEST(IsolatedScorerTest, ACrashIsACrash) {
  const IsolatedScorer isolated("misbehaving", {.num_workers = 1});
  const auto verdicts = isolated.score_batch(asking_all({"abort", "a", "exit", "bb"}));
  EXPECT_EQ(verdicts[0].outcome, Outcome::Crash);
  EXPECT_EQ(verdicts[0].why, "the scorer was ended by signal 6 (Aborted)");
  EXPECT_EQ(verdicts[1].score, 1.0);
  EXPECT_EQ(verdicts[2].outcome, Outcome::Crash);
  EXPECT_EQ(verdicts[2].why, "the scorer exited with code 7");
  EXPECT_EQ(verdicts[3].score, 2.0);
  EXPECT_EQ(isolated.num_restarts(), 2);
}

#if !defined(__SANITIZE_ADDRESS__)  // ASan's allocator ends the process instead of throwing
TEST(IsolatedScorerTest, EatingMemoryIsACrashWithinTheLimit) {
  const IsolatedScorer isolated("misbehaving", {.num_workers = 1, .memory_bytes = 200 * kMegabyte});
  const Verdict verdict = isolated.score(asking("eat"));
  EXPECT_EQ(verdict.outcome, Outcome::Crash);
  EXPECT_EQ(verdict.why, "the scorer ran out of memory");
  EXPECT_EQ(isolated.score(asking("abc")).score, 3.0);
}
#endif

TEST(IsolatedScorerTest, ErrorsOfTheScorerAreRethrown) {
  const IsolatedScorer isolated("misbehaving", {});
  try {
    (void)isolated.score(asking("user error"));
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "bad problem 17");
  }
  EXPECT_THROW((void)isolated.score(asking("throw")), Error);
  // A batch that fails midway leaves no stale verdict behind.
  EXPECT_THROW((void)isolated.score_batch(asking_all({"user error", "zzzz", "zzzz", "zzzz"})), UserError);
  const auto verdicts = isolated.score_batch(asking_all({"a", "bb", "ccc"}));
  EXPECT_EQ(verdicts[0].why, "a");
  EXPECT_EQ(verdicts[1].why, "bb");
  EXPECT_EQ(verdicts[2].why, "ccc");
}

TEST(IsolatedScorerTest, BadSetupsAreToldAtOnce) {
  EXPECT_THROW(IsolatedScorer("broken", {}), UserError);
  EXPECT_THROW(IsolatedScorer("misbehaving", {.num_workers = 0}), UserError);
  EXPECT_THROW(IsolatedScorer("misbehaving", {.wall_seconds = 0.0}), UserError);
  EXPECT_THROW(IsolatedScorer("unknown_key: 1", {}), UserError);
}

TEST(IsolatedScorerTest, WorksFromManyThreads) {
  const IsolatedScorer isolated("misbehaving", {.wall_seconds = 60.0});
  std::vector<std::thread> threads;
  std::vector<double> scores(8);
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) scores[t] += isolated.score(asking(std::string(t + 1, 'q'))).score;
    });
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 8; ++t) EXPECT_EQ(scores[t], 20.0 * (t + 1));
}

TEST(IsolatedScorerTest, MegabyteInputsPass) {
  const IsolatedScorer isolated("misbehaving", {});
  EXPECT_EQ(isolated.score(asking(std::string(5'000'000, 'x'))).score, 5e6);
}

}  // namespace
}  // namespace r1::reward
