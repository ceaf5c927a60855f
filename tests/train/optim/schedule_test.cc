// Learning rates of DeepSeek-V3's schedule (handbook fact 15, in steps instead of tokens).
#include "r1/train/optim/schedule.h"

#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::train {
namespace {

TEST(Schedule, WarmUpConstantCosine) {
  OptimizerConfig c;  // 2.2e-4 -> 2.2e-5
  c.warmup_steps = 2000;
  c.constant_share = 0.5;
  const std::int64_t total = 2000 + 10000;
  EXPECT_DOUBLE_EQ(learning_rate(c, 1000, total), 1.1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(c, 2000, total), 2.2e-4);
  EXPECT_DOUBLE_EQ(learning_rate(c, 7000, total), 2.2e-4);
  EXPECT_NEAR(learning_rate(c, 9500, total), 1.21e-4, 1e-12);  // half of the cosine
  EXPECT_NEAR(learning_rate(c, 12000, total), 2.2e-5, 1e-12);
}

TEST(Schedule, ConstantStaysConstant) {
  OptimizerConfig c;
  c.schedule = "constant";
  EXPECT_EQ(learning_rate(c, 1, 100), c.learning_rate);
  EXPECT_EQ(learning_rate(c, 100, 100), c.learning_rate);
}

TEST(Schedule, RefusesNonsense) {
  OptimizerConfig c;
  c.schedule = "linear";
  EXPECT_THROW(validate(c), UserError);
  c = {};
  c.max_grad_norm = 0.0;
  EXPECT_THROW(validate(c), UserError);
}

}  // namespace
}  // namespace r1::train
