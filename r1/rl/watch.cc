// Alerts of the watch (watch.h).
#include "r1/rl/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"

namespace r1::rl {

void watch_reward(WatchState& state, double reward) {
  state.reward_sum += reward;
  ++state.reward_count;
}

std::vector<std::string> watch_figures(WatchState& state, const WatchFigures& figures, double tolerance) {
  std::vector<std::string> alerts;
  const double reward =
      state.reward_count == 0 ? state.last_reward : state.reward_sum / static_cast<double>(state.reward_count);
  const bool rose = state.watches > 0 && reward > state.last_reward;
  for (const auto& [name, value] : figures) {
    const auto [best, fresh] = state.best.emplace(name, value);
    if (!fresh && rose && value < best->second - tolerance)
      alerts.push_back(
          fmt::format("reward rose from {:.3f} to {:.3f} while {} fell from {:.3f} to {:.3f}: is the reward being "
                      "hacked? Look at the samples; fewer preference steps or a smaller weight help",
                      state.last_reward, reward, name, best->second, value));
    best->second = std::max(best->second, value);
  }
  state.last_reward = reward;
  state.reward_sum = 0.0;
  state.reward_count = 0;
  ++state.watches;
  state.alerts += static_cast<std::int64_t>(alerts.size());
  return alerts;
}

std::string to_json(const WatchState& state) {
  return nlohmann::ordered_json{{"last_reward", state.last_reward}, {"best", state.best},
                                {"reward_sum", state.reward_sum},   {"reward_count", state.reward_count},
                                {"watches", state.watches},         {"alerts", state.alerts}}
      .dump();
}

WatchState watch_state_from_json(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  R1_CHECK(json.is_object(), "no watch state: {}", text);
  WatchState state;
  state.last_reward = json.at("last_reward").get<double>();
  state.best = json.at("best").get<std::map<std::string, double>>();
  state.reward_sum = json.at("reward_sum").get<double>();
  state.reward_count = json.at("reward_count").get<std::int64_t>();
  state.watches = json.at("watches").get<std::int64_t>();
  state.alerts = json.at("alerts").get<std::int64_t>();
  return state;
}

}  // namespace r1::rl
