// Where a curve changes, and that steady rises and noise have no change.
#include "r1/pipeline/page/change_point.h"

#include <gtest/gtest.h>

#include <cmath>

#include "r1/core/rng.h"

namespace r1::pipeline {
namespace {

using Points = std::vector<std::pair<double, double>>;

Points curve(int count, double (*f)(double)) {
  Points points;
  for (int i = 1; i <= count; ++i) points.emplace_back(i, f(i));
  return points;
}

/// Standard normal noise on top, a pure function of `seed`.
Points noisy(Points points, std::uint64_t seed, double size) {
  core::Rng rng({seed, core::Purpose::Test});
  for (auto& [x, y] : points) {
    const double radius = std::sqrt(-2 * std::log(1 - rng.uniform()));  // Box and Muller
    y += size * radius * std::cos(6.2831853 * rng.uniform());
  }
  return points;
}

TEST(ChangePoint, AStepIsFoundWithItsMeans) {
  const std::optional<ChangePoint> change = change_point(curve(40, [](double x) { return x < 26 ? 2.0 : 5.0; }));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->x, 26);
  EXPECT_NEAR(change->before, 2, 1e-12);
  EXPECT_NEAR(change->after, 5, 1e-12);
}

TEST(ChangePoint, TheStartOfARiseIsFound) {
  const auto rise = [](double x) { return x <= 30 ? 20.0 : 20.0 + 1.5 * (x - 30); };
  const std::optional<ChangePoint> change = change_point(noisy(curve(72, rise), 1, 1.0));
  ASSERT_TRUE(change);
  EXPECT_NEAR(change->x, 31, 4);
  EXPECT_LT(change->before + 20, change->after);
}

TEST(ChangePoint, AStepInNoiseIsFound) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto change = change_point(noisy(curve(60, [](double x) { return x < 41 ? 0.0 : 6.0; }), seed, 1.0));
    ASSERT_TRUE(change) << seed;
    EXPECT_NEAR(change->x, 41, 2) << seed;
  }
}

TEST(ChangePoint, StraightAndConstantCurvesHaveNone) {
  EXPECT_FALSE(change_point(curve(50, [](double x) { return 3 * x - 1e6; })));
  EXPECT_FALSE(change_point(curve(50, [](double) { return 7.1; })));
  EXPECT_FALSE(change_point(noisy(curve(72, [](double x) { return 0.5 * x; }), 3, 2.0)));
}

TEST(ChangePoint, NoiseHasNone) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    for (const int count : {30, 72})
      found += change_point(noisy(curve(count, [](double) { return 0.0; }), seed, 1.0)).has_value() ? 1 : 0;
  EXPECT_LE(found, 2);  // of 400
}

TEST(ChangePoint, FewPointsHaveNone) {
  EXPECT_FALSE(change_point({}));
  EXPECT_FALSE(change_point(curve(29, [](double x) { return x < 10 ? 0.0 : 1.0; })));
  EXPECT_TRUE(change_point(curve(30, [](double x) { return x < 10 ? 0.0 : 1.0; })));
}

}  // namespace
}  // namespace r1::pipeline
