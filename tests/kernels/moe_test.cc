// Routing on the handbook's numeric facts (10-12), by softmax against plain double arithmetic, ties, and the movement
// of rows.
#include "r1/kernels/moe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/kernels/random.h"

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

struct SoftmaxCase {
  std::int64_t experts = 0;
  RouteConfig config;
};

/// Weights of the chosen experts in double: softmax, the best group by its largest score, no bias.
std::vector<double> softmax_weights(const std::vector<double>& logits, const std::vector<std::int32_t>& chosen,
                                    const RouteConfig& c) {
  double total = 0.0, sum = 0.0;
  for (const double l : logits) total += std::exp(l);
  std::vector<double> out;
  for (const std::int32_t e : chosen) out.push_back(std::exp(logits[static_cast<std::size_t>(e)]) / total);
  for (const double w : out) sum += w;
  for (double& w : out) w *= static_cast<double>(c.scale) / (c.normalize ? sum : 1.0);
  return out;
}

/// The best experts inside the groups with the largest logits, best first.
std::vector<std::int32_t> best_experts(const std::vector<double>& logits, const RouteConfig& c) {
  const std::size_t size = logits.size() / static_cast<std::size_t>(c.groups);
  std::vector<std::int32_t> groups(static_cast<std::size_t>(c.groups)), experts;
  std::iota(groups.begin(), groups.end(), 0);
  const auto best_of = [&](std::int32_t g) {
    const auto first = logits.begin() + static_cast<std::ptrdiff_t>(size) * g;
    return *std::max_element(first, first + static_cast<std::ptrdiff_t>(size));
  };
  std::sort(groups.begin(), groups.end(), [&](std::int32_t a, std::int32_t b) { return best_of(a) > best_of(b); });
  groups.resize(static_cast<std::size_t>(c.top_groups));
  for (const std::int32_t g : groups)
    for (std::size_t i = 0; i < size; ++i)
      experts.push_back(static_cast<std::int32_t>(static_cast<std::size_t>(g) * size + i));
  std::sort(experts.begin(), experts.end(), [&](std::int32_t a, std::int32_t b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  experts.resize(static_cast<std::size_t>(c.top_k));
  return experts;
}

class SoftmaxRoute : public ::testing::TestWithParam<SoftmaxCase> {};

TEST_P(SoftmaxRoute, WeightsAndGradientsAreThoseOfPlainArithmetic) {
  RouteConfig c = GetParam().config;
  c.experts = GetParam().experts;
  c.scoring = RouteScoring::Softmax;
  c.group_best = 1;
  const auto size = static_cast<std::size_t>(c.experts), k = static_cast<std::size_t>(c.top_k);
  const std::vector<float> logits = testing::random_floats(size, 11, 3.0f);
  std::vector<double> exact(logits.begin(), logits.end());
  std::vector<float> scores(size), weights(k), dlogits(size), dscores(size);
  std::vector<std::int32_t> experts(k);
  route({.config = c,
         .tokens = 1,
         .logits = logits.data(),
         .scores = scores.data(),
         .experts = experts.data(),
         .weights = weights.data()});
  EXPECT_EQ(experts, best_experts(exact, c));
  const std::vector<double> want = softmax_weights(exact, experts, c);
  for (std::size_t s = 0; s < k; ++s) EXPECT_NEAR(weights[s], want[s], 2e-6);
  EXPECT_NEAR(std::accumulate(scores.begin(), scores.end(), 0.0), 1.0, 1e-6);

  // d (sum of dweights * weights + sum of dscores * scores) by central differences.
  const std::vector<float> dweights = testing::random_floats(k, 12);
  dscores = testing::random_floats(size, 13);
  route_backward({.config = c,
                  .tokens = 1,
                  .scores = scores.data(),
                  .experts = experts.data(),
                  .dweights = dweights.data(),
                  .dscores = dscores.data(),
                  .dlogits = dlogits.data()});
  std::vector<std::int32_t> all(size);
  std::iota(all.begin(), all.end(), 0);
  const auto value = [&] {
    const std::vector<double> w = softmax_weights(exact, experts, c),
                              s = softmax_weights(exact, all, {.normalize = false});
    return std::inner_product(w.begin(), w.end(), dweights.begin(), 0.0) +
           std::inner_product(s.begin(), s.end(), dscores.begin(), 0.0);
  };
  for (std::size_t e = 0; e < size; ++e) {
    const double at = exact[e], step = 1e-5;
    exact[e] = at + step;
    const double above = value();
    exact[e] = at - step;
    EXPECT_NEAR(dlogits[e], (above - value()) / (2.0 * step), 1e-5) << "expert " << e;
    exact[e] = at;
  }
}

INSTANTIATE_TEST_SUITE_P(Routers, SoftmaxRoute,
                         ::testing::Values(SoftmaxCase{7, {.top_k = 3}}, SoftmaxCase{128, {.top_k = 8}},
                                           SoftmaxCase{16, {.top_k = 2, .normalize = false, .scale = 2.0f}},
                                           SoftmaxCase{21, {.top_k = 4, .groups = 7, .top_groups = 3, .scale = 1.5f}},
                                           SoftmaxCase{5, {.top_k = 2, .groups = 5, .top_groups = 3}}));

TEST(Route, SoftmaxOfFarApartLogitsStaysFinite) {
  const std::vector<float> logits = {-3e38f, 200.0f, 199.0f, -200.0f};
  std::vector<float> scores(4), weights(2);
  std::vector<std::int32_t> experts(2);
  route({.config = {.experts = 4, .top_k = 2, .scoring = RouteScoring::Softmax, .normalize = false},
         .tokens = 1,
         .logits = logits.data(),
         .scores = scores.data(),
         .experts = experts.data(),
         .weights = weights.data()});
  EXPECT_EQ(experts, (std::vector<std::int32_t>{1, 2}));
  EXPECT_NEAR(weights[0], 0.7310586, 1e-6);
  EXPECT_NEAR(weights[1], 0.2689414, 1e-6);
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
