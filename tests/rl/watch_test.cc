// The alert fires when reward rises while a figure falls, and in no other case.
#include "r1/rl/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::rl {
namespace {

std::size_t look(WatchState& state, double reward, double accuracy) {
  watch_reward(state, reward);
  return watch_figures(state, {{"accuracy", accuracy}}, 0.05).size();
}

TEST(Watch, FiresWhenRewardRisesAndAFigureFalls) {
  WatchState state;
  EXPECT_EQ(look(state, 0.5, 0.8), 0u);
  EXPECT_EQ(look(state, 0.6, 0.9), 0u);
  EXPECT_EQ(look(state, 0.7, 0.87), 0u);  // within the tolerance
  EXPECT_EQ(look(state, 0.8, 0.70), 1u);
  EXPECT_EQ(look(state, 0.7, 0.60), 0u);  // reward falls, too: no hacking
  EXPECT_EQ(state.alerts, 1);
}

TEST(Watch, NamesBothMovements) {
  WatchState state;
  look(state, 0.5, 0.8);
  watch_reward(state, 0.9);
  const std::vector<std::string> alerts = watch_figures(state, {{"accuracy", 0.1}}, 0.05);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_THAT(alerts[0],
              ::testing::HasSubstr("reward rose from 0.500 to 0.900 while accuracy fell from 0.800 to 0.100"));
}

TEST(Watch, ItsStateSurvivesACheckpoint) {
  WatchState state;
  look(state, 0.5, 0.8);
  watch_reward(state, 0.25);
  WatchState back = watch_state_from_json(to_json(state));
  EXPECT_EQ(to_json(back), to_json(state));
  EXPECT_EQ(look(back, 1.0, 0.1), look(state, 1.0, 0.1));
  EXPECT_THROW(watch_state_from_json("[]"), Error);
}

}  // namespace
}  // namespace r1::rl
