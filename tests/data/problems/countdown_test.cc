// Countdown: moves, the solver against a second one, problems that look like the data set's.
#include "r1/data/problems/countdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "r1/core/error.h"
#include "tests/data/problems/oracle.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

core::Rng make_rng(std::uint32_t sample) {
  return core::Rng({.seed = 11, .purpose = core::Purpose::Test, .sample = sample});
}

/// Every value that a set of numbers can become under the rules, by subsets (the solver goes by pairs).
std::set<std::int64_t> reachable(const CountdownState& numbers) {
  const unsigned full = (1U << numbers.size()) - 1;
  std::map<unsigned, std::set<std::int64_t>> values;
  for (std::size_t i = 0; i < numbers.size(); ++i) values[1U << i] = {numbers[i]};
  for (unsigned set = 1; set <= full; ++set) {
    for (unsigned left = (set - 1) & set; left != 0; left = (left - 1) & set) {
      for (const std::int64_t x : values[left]) {
        for (const std::int64_t y : values[set ^ left]) {
          if (x + y <= 999) values[set].insert(x + y);
          if (x > y) values[set].insert(x - y);
          if (x * y <= 999) values[set].insert(x * y);
          if (x % y == 0) values[set].insert(x / y);
        }
      }
    }
  }
  return values[full];
}

TEST(Countdown, MovesAreDistinctExactAndPositive) {
  std::vector<std::string> texts;
  for (const CountdownMove& move : countdown_moves({12, 4, 4}, 40)) {
    texts.push_back(move.step.text());
    EXPECT_EQ(move.next.front(), move.step.result);
    EXPECT_EQ(move.next.size(), 2U);
  }
  EXPECT_THAT(texts, ElementsAre("12+4=16", "12-4=8", "12/4=3", "4+4=8", "4*4=16", "4/4=1"));  // 12*4 exceeds 40
  EXPECT_THAT(countdown_moves({79, 17, 60}, 999)[0].next, ElementsAre(96, 60));
}

TEST(Countdown, SolverAgreesWithSubsetsOfNumbers) {
  for (std::uint32_t i = 0; i < 40; ++i) {
    core::Rng rng = make_rng(i);
    CountdownState numbers(3 + i % 2);
    for (std::int64_t& number : numbers) number = rng.between(1, 99);
    const std::set<std::int64_t> values = reachable(numbers);
    for (std::int64_t target = 1; target <= 100; ++target)
      ASSERT_EQ(countdown_solvable(numbers, target, 999), values.contains(target)) << target;
  }
}

TEST(Countdown, GeneratedProblemsHaveTheirSolution) {
  const CountdownConfig config;
  for (std::uint32_t i = 0; i < 120; ++i) {
    core::Rng rng = make_rng(i);
    const CountdownProblem p = generate_countdown(config, rng);
    std::vector<std::int64_t> used;
    EXPECT_EQ(test::evaluate(p.problem.answer, &used), (test::Fraction{p.target, 1})) << p.problem.answer;
    EXPECT_THAT(used, ::testing::UnorderedElementsAreArray(p.numbers));
    CountdownState state = p.numbers;
    for (const CountdownStep& step : p.solution) {
      const std::vector<CountdownMove> moves = countdown_moves(state, config.max_intermediate);
      const auto move = std::find_if(moves.begin(), moves.end(), [&](const auto& m) { return m.step == step; });
      ASSERT_NE(move, moves.end());
      state = move->next;
    }
    EXPECT_THAT(state, ElementsAre(p.target));
    EXPECT_EQ(p.problem.verifier, "countdown");
    EXPECT_EQ(p.problem.tests.at(0),
              fmt::format("{{\"numbers\":[{}],\"target\":{}}}", fmt::join(p.numbers, ","), p.target));
    core::Rng again = make_rng(i);
    EXPECT_EQ(to_json_line(generate_countdown(config, again).problem), to_json_line(p.problem));
  }
}

TEST(Countdown, DistributionsAreTheDataSets) {
  CountdownConfig config;
  std::map<std::size_t, std::vector<std::int64_t>> targets;
  std::map<std::size_t, std::vector<std::int64_t>> numbers;
  for (std::uint32_t i = 0; i < 1500; ++i) {
    core::Rng rng = make_rng(i);
    const CountdownProblem p = generate_countdown(config, rng);
    targets[p.numbers.size()].push_back(p.target);
    for (const std::int64_t number : p.numbers) numbers[p.numbers.size()].push_back(number);
  }
  EXPECT_NEAR(static_cast<double>(targets[3].size()) / 1500, 0.37, 0.04);
  EXPECT_NEAR(static_cast<double>(targets[4].size()) / 1500, 0.43, 0.04);
  EXPECT_NEAR(static_cast<double>(targets[5].size()) / 1500, 0.20, 0.04);
  EXPECT_EQ(*std::min_element(targets[3].begin(), targets[3].end()), 10);
  EXPECT_LT(*std::min_element(targets[5].begin(), targets[5].end()), 10);
  const auto median = [](std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    return static_cast<double>(values[values.size() / 2]);
  };
  // Medians of the data set's test split: targets 53, 56, 48; numbers 47, 41, 50.
  for (const std::size_t n : {3, 4, 5}) {
    EXPECT_NEAR(median(targets[n]), 53, 8) << n;
    EXPECT_NEAR(median(numbers[n]), 45, 10) << n;
  }
}

TEST(Countdown, PromptsInBothStyles) {
  EXPECT_EQ(countdown_prompt({79, 17, 60}, 36, "compact"), "79 17 60=36");
  EXPECT_EQ(countdown_prompt({79, 17, 60}, 36, "original"),
            "Using the numbers [79, 17, 60], create an equation that equals 36.\nUse each number exactly once. Only "
            "use +, -, *, / "
            "and parentheses.\nDo not use any other numbers. Keep the response concise.\nFinally return <answer> "
            "equation </answer>.");
}

TEST(Countdown, UnsolvableHasNoSolution) {
  core::Rng rng = make_rng(0);
  EXPECT_FALSE(solve_countdown({}, {1, 1, 1}, 50, rng).has_value());
  CountdownConfig config;
  config.number_max = 1;
  config.target_mins = {90, 90, 90};
  EXPECT_THROW(generate_countdown(config, rng), UserError);
}

TEST(Countdown, ChecksItsConfig) {
  const auto why = [](auto change) {
    CountdownConfig config;
    change(config);
    try {
      check_countdown_config(config);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(why([](CountdownConfig&) {}), "");
  EXPECT_THAT(why([](CountdownConfig& c) { c.num_count_shares = {1.0}; }), HasSubstr("three shares"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.target_mins = {10}; }), HasSubstr("three targets"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.target_mins = {10, 101, 1}; }),
              HasSubstr("targets range from 101 to 100"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.prompt_style = "short"; }), HasSubstr("prompt_style is \"short\""));
  EXPECT_THAT(why([](CountdownConfig& c) { c.trace_style = "dfs"; }), HasSubstr("trace_style is \"dfs\""));
  EXPECT_THAT(why([](CountdownConfig& c) { c.max_match = 50; }), HasSubstr("max_match 50"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.moves_below = 0; }), HasSubstr("moves_below is 0"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.wrong_continue = 1.0; }), HasSubstr("wrong_continue is 1"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.number_min = 0; }), HasSubstr("number_min"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.abandon_max = 2; }), HasSubstr("abandon_min"));
  EXPECT_THAT(why([](CountdownConfig& c) { c.max_intermediate = 50; }), HasSubstr("max_intermediate"));
}

}  // namespace
}  // namespace r1::data
