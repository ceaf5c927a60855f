// Draw n of a pool is place n % size of a fresh permutation each epoch (prompt_order.h).
#include "r1/rl/prompt_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "r1/core/error.h"
#include "r1/core/rng.h"

namespace r1::rl {

PromptOrder::PromptOrder(const PromptOrderConfig& config, std::int64_t main, std::int64_t late) : config_(config) {
  if (config.late_steps < 0 || config.late_steps > config.steps)
    user_error("late_steps: {} is not in 0 to steps ({})", config.late_steps, config.steps);
  if (!(config.late_share >= 0.0 && config.late_share <= 1.0))
    user_error("late_share: {} is not in [0, 1]", config.late_share);
  const bool wants_late = config.late_steps > 0 && config.late_share > 0.0;
  if (wants_late && late == 0) user_error("late_steps: {}, but there are no late problems", config.late_steps);
  main_.size = main;
  late_.size = wants_late ? late : 0;
  late_.stream = 2;
}

std::size_t PromptOrder::draw(Pool& pool, std::int64_t number) const {
  const std::int64_t epoch = number / pool.size;
  if (epoch != pool.epoch) {
    pool.order.resize(static_cast<std::size_t>(pool.size));
    std::iota(pool.order.begin(), pool.order.end(), std::size_t{0});
    core::Rng({config_.seed, core::Purpose::Shuffle, static_cast<std::uint32_t>(epoch), pool.stream})
        .shuffle(pool.order);
    pool.epoch = epoch;
  }
  return pool.order[static_cast<std::size_t>(number % pool.size)];
}

std::vector<std::size_t> PromptOrder::problems_of(std::int64_t step) {
  const std::int64_t prompts = config_.prompts_per_step, early = config_.steps - config_.late_steps;
  const std::int64_t late = late_.size == 0 ? 0 : std::llround(config_.late_share * static_cast<double>(prompts));
  const std::int64_t late_before = std::max<std::int64_t>(0, step - 1 - early);  // steps with late prompts so far
  const std::int64_t main_first = (step - 1) * prompts - late_before * late;
  const std::int64_t late_now = step > early ? late : 0;
  std::vector<std::size_t> out;
  for (std::int64_t i = 0; i < prompts - late_now; ++i) out.push_back(draw(main_, main_first + i));
  for (std::int64_t i = 0; i < late_now; ++i)
    out.push_back(static_cast<std::size_t>(main_.size) + draw(late_, late_before * late + i));
  return out;
}

}  // namespace r1::rl
