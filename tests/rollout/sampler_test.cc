// The sampler's filters on a hand-made distribution.
#include "r1/rollout/sampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "r1/core/error.h"

namespace r1::rollout {
namespace {

const std::vector<float> kProbabilities = {0.1f, 0.4f, 0.05f, 0.25f, 0.2f};

Choice choose(const SamplingConfig& config, double uniform, std::vector<std::int32_t> banned = {}) {
  std::vector<float> p = kProbabilities;
  return Sampler().choose(p, config, uniform, banned);
}

TEST(Sampler, FollowsTheDistribution) {
  EXPECT_EQ(choose({}, 0.05).token, 0);
  EXPECT_EQ(choose({}, 0.3).token, 1);
  EXPECT_EQ(choose({}, 0.52).token, 2);
  EXPECT_EQ(choose({}, 0.9999999).token, 4);
  EXPECT_EQ(choose({}, 0.3).log_kept_mass, 0.0f);
}

TEST(Sampler, TopKTopPAndMinPKeepWhatTheySay) {
  const auto kept = [](const SamplingConfig& config) {
    std::vector<std::int64_t> out;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t token = choose(config, (i + 0.5) / 200).token;
      if (std::find(out.begin(), out.end(), token) == out.end()) out.push_back(token);
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  SamplingConfig top_k, top_p, min_p;
  top_k.top_k = 2;
  EXPECT_EQ(kept(top_k), (std::vector<std::int64_t>{1, 3}));
  EXPECT_NEAR(choose(top_k, 0.5).log_kept_mass, std::log(0.65), 1e-6);
  top_p.top_p = 0.7;
  EXPECT_EQ(kept(top_p), (std::vector<std::int64_t>{1, 3, 4}));
  EXPECT_NEAR(choose(top_p, 0.5).log_kept_mass, std::log(0.85), 1e-6);
  min_p.min_p = 0.3;
  EXPECT_EQ(kept(min_p), (std::vector<std::int64_t>{1, 3, 4}));
}

TEST(Sampler, BannedTokensAreNeverChosen) {
  for (int i = 0; i < 100; ++i) EXPECT_NE(choose({}, i / 100.0, {1, 4}).token, 1);
  SamplingConfig greedy;
  greedy.temperature = 0.0;
  EXPECT_EQ(choose(greedy, 0.0).token, 1);
  EXPECT_EQ(choose(greedy, 0.0, {1}).token, 3);
}

TEST(Sampler, RefusesImpossibleSettings) {
  SamplingConfig c;
  c.top_p = 0.0;
  EXPECT_THROW(validate(c), UserError);
  c = {};
  c.temperature = -1.0;
  EXPECT_THROW(validate(c), UserError);
}

}  // namespace
}  // namespace r1::rollout
