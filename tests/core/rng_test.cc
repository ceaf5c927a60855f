// Philox against the known answers published with Random123, the independence of streams, and the ranges and moments of
// what is drawn from them. Not a test of randomness as such.
#include "r1/core/rng.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "r1/core/error.h"

namespace r1::core {
namespace {

using testing::ElementsAre;

TEST(Philox, KnownAnswersOfRandom123) {
  EXPECT_THAT(philox4x32({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
  constexpr std::uint32_t kOnes = 0xffffffffu;
  EXPECT_THAT(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
  EXPECT_THAT(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
}

TEST(Rng, StreamsAreAFileContract) {
  // Frozen: checkpoints and corpora of earlier runs depend on these.
  Rng rng({.seed = 7, .purpose = Purpose::Sampling, .step = 1, .prompt = 2, .sample = 3});
  const auto stream = philox4x32({1, 2, 3, 4}, {7, 0});
  const auto first = philox4x32({0, 0x80000000u, stream[2], stream[3]}, {stream[0], stream[1]});
  for (const std::uint32_t word : first) EXPECT_EQ(rng.next_u32(), word);
  const auto second = philox4x32({1, 0x80000000u, stream[2], stream[3]}, {stream[0], stream[1]});
  EXPECT_EQ(rng.next_u32(), second[0]);
}

TEST(Rng, EveryPartOfTheKeyNamesAnotherStream) {
  const RngKey base{.seed = 1, .purpose = Purpose::Data, .step = 5, .prompt = 6, .sample = 7};
  std::vector<RngKey> keys(7, base);
  keys[1].seed = 2;
  keys[2].seed = base.seed | 1ULL << 40;
  keys[3].purpose = Purpose::Shuffle;
  keys[4].step = 6;
  keys[5].prompt = 5;
  keys[6].sample = 8;
  std::set<std::uint64_t> first_values;
  std::set<double> at_values;
  for (const RngKey& key : keys) {
    first_values.insert(Rng(key).next_u64());
    at_values.insert(Rng(key).uniform_at(3));
  }
  EXPECT_EQ(first_values.size(), keys.size());
  EXPECT_EQ(at_values.size(), keys.size());
}

TEST(Rng, ReadingAtAPositionMovesNothingAndSharesNothing) {
  const RngKey key{.seed = 9};
  Rng plain(key), read_at(key);
  const double at_5 = read_at.uniform_at(5);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(plain.uniform(), read_at.uniform()) << i;
    EXPECT_EQ(read_at.uniform_at(5), at_5);
  }
  std::set<double> sequential, positional;
  Rng again(key);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    sequential.insert(again.uniform());
    positional.insert(again.uniform_at(i));
  }
  EXPECT_EQ(positional.size(), 1000u);
  for (const double value : positional) EXPECT_FALSE(sequential.contains(value));
}

TEST(Rng, UniformHasMeanHalfAndStaysInRange) {
  Rng rng({.seed = 3});
  double sum = 0.0, sum_at = 0.0, lowest = 1.0, highest = 0.0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const double value = rng.uniform();
    sum += value;
    sum_at += rng.uniform_at(i);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  EXPECT_NEAR(sum / 20000, 0.5, 0.01);  // five standard errors
  EXPECT_NEAR(sum_at / 20000, 0.5, 0.01);
  EXPECT_GE(lowest, 0.0);
  EXPECT_LT(lowest, 0.001);
  EXPECT_GT(highest, 0.999);
  EXPECT_LT(highest, 1.0);
}

TEST(Rng, BelowIsUniformAlsoForRangesThatDoNotDivideTwoTo64) {
  Rng rng({.seed = 4});
  std::array<int, 3> counts{};
  // 3 * 2^62: a plain modulo would return the lowest third twice as often.
  constexpr std::uint64_t kN = 3ULL << 62;
  for (int i = 0; i < 30000; ++i) ++counts[rng.below(kN) >> 62];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 450);
  EXPECT_EQ(rng.below(1), 0u);
  EXPECT_THROW(rng.below(0), Error);
}

TEST(Rng, BetweenIncludesBothEndsAndTakesTheWholeRange) {
  Rng rng({.seed = 5});
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(-2, 2));
  EXPECT_THAT(seen, ElementsAre(-2, -1, 0, 1, 2));
  using Limits = std::numeric_limits<std::int64_t>;
  bool saw_negative = false, saw_positive = false;
  for (int i = 0; i < 64; ++i) {
    const std::int64_t value = rng.between(Limits::min(), Limits::max());
    saw_negative |= value < 0;
    saw_positive |= value > 0;
  }
  EXPECT_TRUE(saw_negative && saw_positive);
  EXPECT_THROW(rng.between(1, 0), Error);
}

TEST(Rng, NormalHasTheMomentsOfAStandardNormal) {
  Rng rng({.seed = 6});
  constexpr int kCount = 50000;
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / kCount, 0.0, 0.025);
  EXPECT_NEAR(squares / kCount, 1.0, 0.04);
  EXPECT_NEAR(fourth / kCount, 3.0, 0.3);
}

TEST(Rng, WeightedFollowsTheWeightsAndNeverPicksAZero) {
  Rng rng({.seed = 8});
  std::array<int, 4> counts{};
  for (int i = 0; i < 10000; ++i) ++counts[rng.weighted({1.0, 0.0, 3.0, 0.0})];
  EXPECT_NEAR(counts[0], 2500, 220);
  EXPECT_EQ(counts[1], 0);
  EXPECT_EQ(counts[3], 0);
  EXPECT_THROW(rng.weighted({0.0, 0.0}), Error);
  EXPECT_THROW(rng.weighted({1.0, -1.0}), Error);
  EXPECT_THROW(rng.weighted({}), Error);
}

TEST(Rng, ShuffleReachesEveryOrderEquallyOften) {
  Rng rng({.seed = 10});
  std::map<std::vector<int>, int> counts;
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> items = {1, 2, 3};
    rng.shuffle(items);
    ++counts[items];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace r1::core
