// Routing on the handbook's numeric facts (10-12), ties, and the movement of rows.
#include "r1/kernels/moe.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace r1::kernels {
namespace {

struct Routed {
  std::vector<std::int32_t> experts;
  std::vector<float> weights;
};

Routed route_one(const std::vector<double>& scores, const std::vector<float>& bias, RouteConfig config) {
  config.experts = static_cast<std::int64_t>(scores.size());
  std::vector<float> logits, out(scores.size());
  for (const double s : scores) logits.push_back(static_cast<float>(std::log(s / (1.0 - s))));
  Routed r{std::vector<std::int32_t>(static_cast<std::size_t>(config.top_k)),
           std::vector<float>(static_cast<std::size_t>(config.top_k))};
  route({.config = config,
         .tokens = 1,
         .logits = logits.data(),
         .bias = bias.data(),
         .scores = out.data(),
         .experts = r.experts.data(),
         .weights = r.weights.data()});
  return r;
}

TEST(Route, BiasSelectsButDoesNotWeigh) {
  const Routed r = route_one({.9, .8, .7, .1}, {0, -.2f, 0, 0}, {.top_k = 2, .scale = 2.5f});
  EXPECT_EQ(r.experts, (std::vector<std::int32_t>{0, 2}));
  EXPECT_NEAR(r.weights[0], 1.40625, 1e-5);
  EXPECT_NEAR(r.weights[1], 1.09375, 1e-5);
}

TEST(Route, GroupsThatAreNotKeptGiveNoExpert) {
  const std::vector<float> bias = {-.9f, -.2f, -.9f, -.9f, -.9f, -.9f, -.9f, -.9f};
  const Routed r =
      route_one({.9, .1, .6, .5, .3, .2, .55, .52}, bias, {.top_k = 2, .groups = 4, .top_groups = 1, .scale = 2.5f});
  EXPECT_EQ(std::min(r.experts[0], r.experts[1]), 0);
  EXPECT_EQ(std::max(r.experts[0], r.experts[1]), 1);
  EXPECT_NEAR(r.weights[0] + r.weights[1], 2.5, 1e-5);
  EXPECT_NEAR(std::max(r.weights[0], r.weights[1]), 2.25, 1e-5);
}

TEST(Route, TiesGoToTheLowestExpert) {
  const Routed r = route_one({.5, .5, .5, .5}, {0, 0, 0, 0}, {.top_k = 3});
  EXPECT_EQ(r.experts, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST(Combine, SumsSlotsByWeightAndBack) {
  const std::vector<float> y = {1, 2, 10, 20, 100, 200, 1000, 2000}, weights = {0.5f, 2.0f, 1.0f, 3.0f};
  const std::vector<std::int32_t> place = {2, 0, 1, 3};
  std::vector<float> out(4), dy(8), dweights(4);
  combine({.tokens = 2,
           .top_k = 2,
           .columns = 2,
           .y = y.data(),
           .place = place.data(),
           .weights = weights.data(),
           .out = out.data()});
  EXPECT_EQ(out, (std::vector<float>{52, 104, 3010, 6020}));
  const std::vector<float> dout = {1, 1, 2, 0};
  combine_backward({.tokens = 2,
                    .top_k = 2,
                    .columns = 2,
                    .y = y.data(),
                    .place = place.data(),
                    .weights = weights.data(),
                    .dout = dout.data(),
                    .dy = dy.data(),
                    .dweights = dweights.data()});
  EXPECT_EQ(dy, (std::vector<float>{2, 2, 2, 0, 0.5f, 0.5f, 6, 0}));
  EXPECT_EQ(dweights, (std::vector<float>{300, 3, 20, 2000}));
}

}  // namespace
}  // namespace r1::kernels
