// Learning-rate schedules (schedule.h).
#include "r1/train/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "r1/core/error.h"

namespace r1::train {

void validate(const OptimizerConfig& c) {
  if (c.schedule != "constant" && c.schedule != "cosine")
    user_error("optimizer.schedule '{}': use constant or cosine", c.schedule);
  if (!(c.learning_rate >= 0.0)) user_error("optimizer.learning_rate {}: it can't be negative", c.learning_rate);
  if (c.beta1 < 0.0 || c.beta1 >= 1.0 || c.beta2 < 0.0 || c.beta2 >= 1.0)
    user_error("optimizer.beta1 and beta2 lie in [0, 1)");
  if (!(c.max_grad_norm > 0.0)) user_error("optimizer.max_grad_norm {}: it must be above 0", c.max_grad_norm);
  if (c.moments != "f32" && c.moments != "bf16") user_error("optimizer.moments '{}': use f32 or bf16", c.moments);
  if (c.constant_share < 0.0 || c.constant_share > 1.0)
    user_error("optimizer.constant_share {}: it lies in [0, 1]", c.constant_share);
}

double learning_rate(const OptimizerConfig& c, std::int64_t step, std::int64_t total) {
  if (step < c.warmup_steps) return c.learning_rate * static_cast<double>(step) / static_cast<double>(c.warmup_steps);
  if (c.schedule == "constant") return c.learning_rate;
  const double after = static_cast<double>(std::max<std::int64_t>(1, total - c.warmup_steps));
  const double done = static_cast<double>(step - c.warmup_steps) / after;
  if (done <= c.constant_share) return c.learning_rate;
  const double progress = std::min(1.0, (done - c.constant_share) / std::max(1e-12, 1.0 - c.constant_share));
  return c.min_learning_rate +
         0.5 * (c.learning_rate - c.min_learning_rate) * (1.0 + std::cos(std::numbers::pi * progress));
}

}  // namespace r1::train
