// Splits: unique, disjoint, balanced, reproducible; small spaces end, never loop.
#include "r1/data/problems/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "r1/core/error.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;

std::set<std::string> hashes(const std::vector<GeneratedProblem>& problems) {
  ExcludedHashes out;
  exclude(problems, out);
  return out;
}

TEST(ProblemSplit, IsUniqueBalancedAndDisjointFromWhatIsExcluded) {
  const ProblemMix mix;
  const std::vector<GeneratedProblem> held_out = make_problem_split(mix, 1, "test", 600, {});
  ASSERT_EQ(held_out.size(), 600U);
  const ExcludedHashes excluded = hashes(held_out);
  EXPECT_EQ(excluded.size(), 600U);
  std::map<std::pair<std::string, std::int64_t>, int> cells;
  int chinese = 0;
  for (const GeneratedProblem& p : held_out) {
    ++cells[{p.problem.family, p.problem.difficulty}];
    chinese += p.problem.language == "zh" ? 1 : 0;
  }
  EXPECT_EQ(cells.size(), 12U);
  for (const auto& [cell, count] : cells) EXPECT_EQ(count, 50) << cell.first << cell.second;
  EXPECT_NEAR(chinese, 120, 40);
  EXPECT_EQ(held_out[7].problem.id, "test-000007");

  for (const GeneratedProblem& p : make_problem_split(mix, 1, "train", 1000, excluded))
    EXPECT_FALSE(excluded.contains(content_hash(p.problem)));
}

TEST(ProblemSplit, IsAFunctionOfSeedAndName) {
  const ProblemMix mix;
  const auto prompts = [&](std::uint64_t seed, const char* name, std::int64_t count) {
    std::vector<std::string> out;
    for (const GeneratedProblem& p : make_problem_split(mix, seed, name, count, {})) out.push_back(p.problem.prompt);
    return out;
  };
  EXPECT_EQ(prompts(1, "test", 60), prompts(1, "test", 60));
  EXPECT_NE(prompts(1, "test", 60), prompts(2, "test", 60));
  EXPECT_NE(prompts(1, "test", 60), prompts(1, "train", 60));
  std::vector<std::string> longer = prompts(1, "test", 90);
  longer.resize(60);
  EXPECT_EQ(prompts(1, "test", 60), longer);  // a longer split begins with the shorter one
}

TEST(ProblemSplit, AnEmptyCellIsFilledByTheOthers) {
  ProblemMix mix;
  mix.families = {"chain_sum", "gcd"};  // gcd level 1 has some 300 problems
  mix.levels = {1};
  const std::vector<GeneratedProblem> problems = make_problem_split(mix, 1, "train", 700, {});
  std::map<std::string, int> counts;
  for (const GeneratedProblem& p : problems) ++counts[p.problem.family];
  EXPECT_EQ(hashes(problems).size(), 700U);
  EXPECT_LT(counts["gcd"], 320);
  EXPECT_EQ(counts["chain_sum"], 700 - counts["gcd"]);
}

TEST(ProblemSplit, SaysWhenTheSpaceIsTooSmall) {
  ProblemMix mix;
  mix.families = {"chain_sum"};
  mix.levels = {1};
  try {
    make_problem_split(mix, 1, "train", 1200, {});  // there are 512
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("of 1200 problems are unique"));
  }
}

TEST(ProblemSplit, DrawingSaysWhenAllIsHeldOut) {
  ProblemMix mix;
  mix.families = {"truth_value"};
  mix.levels = {1};
  ExcludedHashes all;
  for (std::uint32_t i = 0; i < 8000; ++i) {
    core::Rng rng({.seed = 5, .sample = i});
    all.insert(content_hash(find_family("truth_value").generate(1, "en", rng).problem));
  }
  EXPECT_EQ(all.size(), 256U);
  EXPECT_THROW(draw_problem(mix, {.seed = 1}, all), UserError);
}

TEST(ProblemSplit, ChecksItsConfig) {
  const auto why = [](const ProblemMix& mix) {
    try {
      check_problem_mix(mix);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  ProblemMix mix;
  EXPECT_EQ(why(mix), "");
  mix.levels = {4};
  EXPECT_THAT(why(mix), HasSubstr("has 1 to 3, not 4"));
  mix = {.families = {"modula"}};
  EXPECT_THAT(why(mix), HasSubstr("did you mean \"modulo\""));
  mix = {.families = {}};
  EXPECT_THAT(why(mix), HasSubstr("families is empty"));
  mix = {.chinese_share = 1.5};
  EXPECT_THAT(why(mix), HasSubstr("chinese_share is 1.5"));
}

}  // namespace
}  // namespace r1::data
