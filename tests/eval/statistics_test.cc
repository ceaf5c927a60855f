// Values by hand where they exist in closed form; the bootstrap against its analytic variance.
#include "r1/eval/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "r1/core/error.h"

namespace r1::eval {
namespace {

TEST(PassAtKTest, MatchesBinomialsByHand) {
  EXPECT_DOUBLE_EQ(pass_at_k(4, 1, 2), 0.5);                            // 1 - C(3,2)/C(4,2) = 1 - 3/6
  EXPECT_NEAR(pass_at_k(10, 3, 5), 1.0 - 21.0 / 252.0, 1e-15);          // 1 - C(7,5)/C(10,5)
  EXPECT_NEAR(pass_at_k(64, 5, 8), 1.0 - 0.5009915388683236, 1e-14);             // 1 - C(59,8)/C(64,8)
  EXPECT_DOUBLE_EQ(pass_at_k(7, 3, 1), 3.0 / 7.0);                      // pass@1 is the mean
  EXPECT_EQ(pass_at_k(5, 0, 3), 0.0);
  EXPECT_EQ(pass_at_k(5, 3, 3), 1.0);                                   // only 2 wrong: any 3 hold a right one
  EXPECT_EQ(pass_at_k(5, 5, 5), 1.0);
}

TEST(PassAtKTest, IsStableForLargeCounts) {
  EXPECT_DOUBLE_EQ(pass_at_k(100000, 1, 50000), 0.5);
  EXPECT_NEAR(pass_at_k(100000, 3, 50000), 0.875, 1e-5);
}

TEST(PassAtKTest, RefusesImpossibleCounts) {
  EXPECT_THROW(pass_at_k(4, 5, 1), Error);
  EXPECT_THROW(pass_at_k(4, -1, 1), Error);
  EXPECT_THROW(pass_at_k(4, 1, 5), Error);
  EXPECT_THROW(pass_at_k(4, 1, 0), Error);
}

TEST(BootstrapTest, ConstantValuesHaveNoError) {
  const Estimate e = bootstrap_mean({0.25, 0.25, 0.25}, {});
  EXPECT_EQ(e.value, 0.25);
  EXPECT_EQ(e.standard_error, 0.0);
  EXPECT_EQ(e.low, 0.25);
  EXPECT_EQ(e.high, 0.25);
}

TEST(BootstrapTest, TwoValuesFollowTheBinomial) {
  // The resampled mean of {0, 1} is 0, 1/2, 1 with probability 1/4, 1/2, 1/4: variance 1/8.
  const Estimate e = bootstrap_mean({0.0, 1.0}, {.num_resamples = 20000, .seed = 3});
  EXPECT_EQ(e.value, 0.5);
  EXPECT_NEAR(e.standard_error, std::sqrt(0.125), 0.005);
  EXPECT_EQ(e.low, 0.0);
  EXPECT_EQ(e.high, 1.0);
}

TEST(BootstrapTest, ErrorAndIntervalOfAProportion) {
  std::vector<double> values(400, 0.0);
  for (int i = 0; i < 100; ++i) values[4 * i] = 1.0;
  const double se = std::sqrt(0.25 * 0.75 / 400.0);
  const Estimate e = bootstrap_mean(values, {.num_resamples = 4000});
  EXPECT_EQ(e.value, 0.25);
  EXPECT_NEAR(e.standard_error, se, 0.05 * se);
  EXPECT_NEAR(e.low, 0.25 - 1.96 * se, 0.2 * se);
  EXPECT_NEAR(e.high, 0.25 + 1.96 * se, 0.2 * se);
  const Estimate narrow = bootstrap_mean(values, {.num_resamples = 4000, .confidence = 0.5});
  EXPECT_NEAR(narrow.high - narrow.low, 2.0 * 0.6745 * se, 0.2 * se);
}

TEST(BootstrapTest, SameSeedSameNumbersAndColumnsShareResamples) {
  const std::vector<double> a = {0.0, 1.0, 0.5, 0.25, 1.0};
  const std::vector<double> b = {1.0, 0.0, 0.5, 0.75, 0.0};  // 1 - a
  const BootstrapConfig config{.num_resamples = 100, .seed = 7};
  const std::vector<std::vector<double>> columns = {a, b};
  const auto both = bootstrap_means(columns, config);
  const Estimate alone = bootstrap_mean(a, config);
  EXPECT_EQ(both[0].low, alone.low);
  EXPECT_EQ(both[0].standard_error, alone.standard_error);
  EXPECT_NEAR(both[1].high, 1.0 - both[0].low, 1e-12);
  EXPECT_NE(bootstrap_mean(a, {.num_resamples = 100, .seed = 8}).standard_error, alone.standard_error);
}

TEST(BootstrapTest, NothingGivesNaN) {
  EXPECT_TRUE(std::isnan(bootstrap_mean({}, {}).value));
  EXPECT_TRUE(std::isnan(bootstrap_mean({}, {}).high));
  EXPECT_THROW(bootstrap_mean({1.0}, {.num_resamples = 0}), Error);
  EXPECT_THROW(bootstrap_mean({1.0}, {.confidence = 1.0}), Error);
}

TEST(BootstrapTest, PairedDifferenceCancelsWhatProblemsShare) {
  std::vector<double> before;
  std::vector<double> after;
  for (int i = 0; i < 100; ++i) {
    before.push_back(i % 2 == 0 ? 0.0 : 0.5);
    after.push_back(before.back() + 0.25);
  }
  const Estimate same = bootstrap_difference(before, after, {});
  EXPECT_EQ(same.value, 0.25);
  EXPECT_EQ(same.standard_error, 0.0);
  after[0] -= 1.0;
  const Estimate e = bootstrap_difference(before, after, {});
  EXPECT_NEAR(e.value, 0.24, 1e-12);
  EXPECT_GT(e.standard_error, 0.005);
  EXPECT_LT(bootstrap_difference(after, before, {}).high, 0.0);
  after.pop_back();
  EXPECT_THROW(bootstrap_difference(before, after, {}), Error);
}

TEST(MajorityTest, ShareOfTheCommonestAnswer) {
  EXPECT_DOUBLE_EQ(majority_share({"yes", "no", "yes", "no", "yes"}), 0.6);
  EXPECT_DOUBLE_EQ(majority_share({"3", "1", "2", "1"}), 0.5);
  EXPECT_EQ(majority_share({"a", "a"}), 1.0);
  EXPECT_EQ(majority_share({"a", "b", "c"}), 0.0);
  EXPECT_EQ(majority_share({}), 0.0);
}

TEST(QuantileTest, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> sorted = {1.0, 2.0, 4.0, 8.0};
  EXPECT_EQ(quantile_of_sorted(sorted, 0.0), 1.0);
  EXPECT_EQ(quantile_of_sorted(sorted, 1.0), 8.0);
  EXPECT_EQ(quantile_of_sorted(sorted, 0.5), 3.0);
  EXPECT_DOUBLE_EQ(quantile_of_sorted(sorted, 0.25), 1.75);
  EXPECT_THROW(quantile_of_sorted({}, 0.5), Error);
}

}  // namespace
}  // namespace r1::eval
