// Wrong answers are wrong, near, and in the right form; sloppy work ends in its wrong answer.
#include "r1/data/problems/near_miss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/data/problems/oracle.h"

namespace r1::data {
namespace {

core::Rng make_rng(std::uint32_t sample) {
  return core::Rng({.seed = 3, .purpose = core::Purpose::Test, .sample = sample});
}

TEST(NearMiss, NumbersAreNearNonNegativeAndNeverTheTruth) {
  std::map<std::int64_t, int> distances;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    core::Rng rng = make_rng(i);
    const std::string truth = std::to_string(i % 120);
    const std::string guess = near_number(truth, rng);
    ASSERT_NE(guess, truth);
    ASSERT_THAT(guess, ::testing::MatchesRegex("0|[1-9][0-9]*"));
    ++distances[std::abs(std::stoll(guess) - std::stoll(truth))];
  }
  EXPECT_GT(distances[1], 600);  // off by one is the most frequent slip
  EXPECT_GT(distances[2], 200);
  EXPECT_GT(distances[10], 150);
  EXPECT_EQ(distances.count(0), 0U);
}

TEST(NearMiss, KeepsTheUnitAndTakesOtherNamesFromThePrompt) {
  for (std::uint32_t i = 0; i < 300; ++i) {
    for (const Family& family : families()) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = family.generate(1 + i % 3, "en", rng);
      const std::string guess = near_miss(p, rng);
      ASSERT_NE(guess, p.problem.answer);
      const std::size_t unit = p.problem.answer.find(' ');
      if (unit != std::string::npos) {
        EXPECT_EQ(guess.substr(guess.find(' ')), p.problem.answer.substr(unit));
      }
      if (std::string(family.name) == "ordering") {
        EXPECT_NE(p.problem.prompt.find(guess), std::string::npos);
      }
    }
  }
}

TEST(SloppyWork, StartsRightAndNeverEndsRight) {
  for (const Family& family : families()) {
    int cut_off = 0;
    int carried = 0;
    for (std::uint32_t i = 0; i < 400; ++i) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = family.generate(1 + i % 3, "en", rng);
      const SloppyWork work = sloppy_work(p, rng);
      ASSERT_NE(work.answer, p.problem.answer) << family.name;
      ASSERT_FALSE(work.steps.empty());
      const auto [wrong, right] = std::mismatch(work.steps.begin(), work.steps.end(), p.steps.begin(), p.steps.end());
      if (wrong == work.steps.end()) {
        ASSERT_LT(work.steps.size(), p.steps.size());
        ++cut_off;
        continue;
      }
      EXPECT_THAT(work.steps.back(), ::testing::EndsWith(work.answer)) << family.name;
      if (wrong + 1 != work.steps.end()) ++carried;
    }
    EXPECT_GT(cut_off, 80) << family.name;
    EXPECT_LT(cut_off, 300) << family.name;
    if (family.resume != nullptr) {
      EXPECT_GT(carried, 20) << family.name;
    } else {
      EXPECT_EQ(carried, 0) << family.name;
    }
  }
}

TEST(SloppyWork, AWrongStepCarriesThroughCorrectly) {
  for (std::uint32_t i = 0; i < 400; ++i) {
    core::Rng rng = make_rng(i);
    const GeneratedProblem p = find_family("chain_sum").generate(2, "en", rng);
    const SloppyWork work = sloppy_work(p, rng);
    if (work.steps.size() != p.steps.size()) continue;
    const auto wrong = std::mismatch(work.steps.begin(), work.steps.end(), p.steps.begin()).first;
    for (auto step = wrong; step != work.steps.end(); ++step)
      EXPECT_EQ(test::evaluate(*step), (test::Fraction{std::stoll(work.answer), 1})) << *step;
  }
}

TEST(Reflect, PutsAWrongStepBeforeTheRightOne) {
  for (const Family& family : families()) {
    std::map<std::size_t, int> places;
    for (std::uint32_t i = 0; i < 200; ++i) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = family.generate(1 + i % 3, "en", rng);
      Reflection work = reflect(p, rng);
      ASSERT_GE(work.retry, 1U);
      ASSERT_LT(work.retry, work.steps.size());
      EXPECT_NE(work.steps[work.retry - 1], work.steps[work.retry]) << family.name;
      ++places[work.retry];
      work.steps.erase(work.steps.begin() + static_cast<std::ptrdiff_t>(work.retry) - 1);
      ASSERT_EQ(work.steps, p.steps) << family.name;
    }
    EXPECT_GE(places.size(), 2U) << family.name;
  }
}

TEST(Ramble, SaysOneStepAgainAndAgainAndStaysWrong) {
  for (const Family& family : families()) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      core::Rng rng = make_rng(i);
      const GeneratedProblem p = family.generate(1 + i % 3, "zh", rng);
      core::Rng same = rng;
      const SloppyWork work = ramble(p, rng);
      SloppyWork sloppy = sloppy_work(p, same);
      ASSERT_NE(work.answer, p.problem.answer) << family.name;
      EXPECT_EQ(work.answer, sloppy.answer);
      const std::size_t more = work.steps.size() - sloppy.steps.size();
      EXPECT_GE(more, 6U);
      EXPECT_LE(more, 8U);
      const std::set<std::string> said(work.steps.begin(), work.steps.end());
      EXPECT_EQ(said, std::set<std::string>(sloppy.steps.begin(), sloppy.steps.end()));  // nothing new
    }
  }
}

}  // namespace
}  // namespace r1::data
