// The watch against reward hacking: while reward rises, figures that the reward does not see (accuracy on problems
// kept apart, a judge that training never used) must not fall. DeepSeek-R1 reports exactly that of its helpful reward
// model when trained too long. It measures nothing itself: a callback does, every few steps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "r1/rollout/engine.h"

namespace r1::rl {

/// Figures by name, higher = better.
using WatchFigures = std::vector<std::pair<std::string, double>>;
/// Measures the policy as it is now.
using WatchFunction = std::function<WatchFigures(rollout::Engine&)>;

/// What was seen so far; small enough for every checkpoint.
struct WatchState {
  double last_reward = 0.0;                 // mean reward of the steps before the last watch
  std::map<std::string, double> best;       // best value of each figure
  double reward_sum = 0.0;                  // of the steps since the last watch
  std::int64_t reward_count = 0;
  std::int64_t watches = 0;
  std::int64_t alerts = 0;
};

/// Adds a step's mean reward.
void watch_reward(WatchState& state, double reward);

/// Compares new figures with the best so far. One sentence for each figure that fell by more than `tolerance` below its
/// best while the mean reward since the last watch is above the reward of the last watch.
std::vector<std::string> watch_figures(WatchState& state, const WatchFigures& figures, double tolerance);

std::string to_json(const WatchState& state);
/// Error on anything that to_json did not write.
WatchState watch_state_from_json(const std::string& text);

}  // namespace r1::rl
