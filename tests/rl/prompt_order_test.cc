// Draws without replacement, epoch by epoch; the late pool only at the end; every step is a pure function of its
// number.
#include "r1/rl/prompt_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "r1/core/error.h"

namespace r1::rl {
namespace {

TEST(PromptOrder, EveryEpochAsksEveryProblemOnce) {
  PromptOrder order({.steps = 6, .prompts_per_step = 5, .seed = 3}, 10, 0);
  std::vector<std::vector<std::size_t>> epochs;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::size_t> asked;
    for (int step = 1; step <= 2; ++step)
      for (const std::size_t problem : order.problems_of(epoch * 2 + step)) asked.push_back(problem);
    epochs.push_back(asked);
    std::sort(asked.begin(), asked.end());
    EXPECT_THAT(asked, ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)) << epoch;
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST(PromptOrder, AStepDoesNotDependOnTheOnesAskedBefore) {
  const PromptOrderConfig config{.steps = 9, .prompts_per_step = 4, .late_steps = 4, .late_share = 0.5, .seed = 1};
  PromptOrder all(config, 7, 3), jump(config, 7, 3);
  std::vector<std::size_t> last;
  for (int step = 1; step <= 9; ++step) last = all.problems_of(step);
  EXPECT_EQ(jump.problems_of(9), last);
}

TEST(PromptOrder, LateProblemsTakeTheirShareOfTheLastStepsWithoutReplacement) {
  PromptOrder order({.steps = 6, .prompts_per_step = 4, .late_steps = 2, .late_share = 0.75, .seed = 1}, 100, 6);
  std::vector<std::size_t> late;
  std::size_t main = 0;
  for (int step = 1; step <= 6; ++step)
    for (const std::size_t problem : order.problems_of(step)) {
      if (problem < 100) {
        ++main;
        continue;
      }
      EXPECT_GT(step, 4);
      late.push_back(problem);
    }
  EXPECT_EQ(main, 4u * 4 + 2);
  std::sort(late.begin(), late.end());
  EXPECT_THAT(late, ::testing::ElementsAre(100, 101, 102, 103, 104, 105));
}

TEST(PromptOrder, WhatDoesNotFitIsNamed) {
  EXPECT_THROW(PromptOrder({.steps = 2, .prompts_per_step = 4, .late_steps = 3, .late_share = 0.5}, 9, 1), UserError);
  EXPECT_THROW(PromptOrder({.steps = 2, .prompts_per_step = 4, .late_steps = 1, .late_share = 1.5}, 9, 1), UserError);
  EXPECT_THROW(PromptOrder({.steps = 2, .prompts_per_step = 4, .late_steps = 1, .late_share = 0.5}, 9, 0), UserError);
}

}  // namespace
}  // namespace r1::rl
