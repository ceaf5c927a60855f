// Group-relative advantages against the golden table and DeepSeekMath's definition.
#include "r1/rl/advantage.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace r1::rl {
namespace {

TEST(Advantage, EqualsTheGoldenTable) {
  const auto g = nlohmann::json::parse(std::ifstream(std::string(R1_SOURCE_DIR) + "/tests/golden/grpo.json"));
  std::vector<double> rewards;
  for (const auto& group : g["rewards"])
    for (const auto& r : group) rewards.push_back(r);
  int checked = 0;
  for (const auto& row : g["advantages"]) {
    if (row["scale"] != "group" && row["scale"] != "batch" && row["scale"] != "none") continue;
    const std::vector<double> got = group_advantages(rewards, 4, {.std = row["scale"]});
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(got[i], row["advantages"][i / 4][i % 4].get<double>(), 1e-12) << row["scale"];
    ++checked;
  }
  EXPECT_GE(checked, 2);
}

TEST(Advantage, PopulationDeviationGivesOnes) {
  const std::vector<double> got = group_advantages({1, 0, 0, 1}, 4, {.eps = 0.0, .ddof = 0});
  EXPECT_EQ(got, (std::vector<double>{1, -1, -1, 1}));
}

TEST(Advantage, EqualRewardsCarryNoSignal) {
  EXPECT_EQ(group_advantages({2, 2, 2}, 3, {}), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(zero_std_share({2, 2, 1, 0, 5, 5}, 2), 2.0 / 3.0);
}

}  // namespace
}  // namespace r1::rl
