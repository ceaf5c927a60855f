// A small evaluation computed by hand: 4 problems of 2 families and 2 levels, 4 samples each, and a yes / no family.
#include "r1/eval/evaluation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"

namespace r1::eval {
namespace {

data::Problem problem_of(const std::string& family, std::int64_t level, const std::string& answer) {
  data::Problem problem;
  problem.family = family;
  problem.difficulty = level;
  problem.answer = answer;
  problem.verifier = "number";
  return problem;
}

// `right` of four samples right; every second sample well-formed; tokens 10 * sample; sample 3 cut off and unreadable.
void add_samples(std::vector<EvalItem>& items, std::int64_t problem, int right, int lenient) {
  for (int s = 0; s < 4; ++s) {
    EvalItem item;
    item.problem = problem;
    item.sample = s;
    item.verdict.parts = {{"accuracy", s < right ? 1.0 : 0.0}, {"format", s % 2 == 0 ? 1.0 : 0.0}};
    item.lenient_correct = s < lenient;
    item.num_tokens = 10 * s;
    item.finished = s != 3;
    if (s == 3) item.verdict.outcome = reward::Outcome::Unparseable;
    items.push_back(item);
  }
}

struct Example {
  std::vector<data::Problem> problems = {problem_of("sum", 1, "3"), problem_of("sum", 2, "4"),
                                         problem_of("product", 1, "6"), problem_of("product", 1, "8")};
  std::vector<EvalItem> items;
  Example() {
    add_samples(items, 0, 4, 4);
    add_samples(items, 1, 1, 3);
    add_samples(items, 2, 2, 2);
    add_samples(items, 3, 0, 1);
  }
};

TEST(AggregateTest, FiguresByHand) {
  const Example example;
  const EvalReport report = aggregate(example.items, example.problems, {});
  EXPECT_EQ(report.samples_per_problem, 4);
  const GroupReport& all = report.headline;
  EXPECT_EQ(all.num_problems, 4);
  EXPECT_DOUBLE_EQ(all.pass_at_1.value, 7.0 / 16.0);
  EXPECT_DOUBLE_EQ(all.lenient_accuracy.value, 10.0 / 16.0);
  EXPECT_DOUBLE_EQ(all.format_rate, 0.5);
  EXPECT_DOUBLE_EQ(all.mean_tokens, 15.0);
  EXPECT_DOUBLE_EQ(all.truncated_share, 0.25);
  EXPECT_EQ(all.outcomes, (std::array<std::int64_t, 4>{12, 0, 0, 4}));
  ASSERT_EQ(all.pass_at_k.size(), 2u);
  EXPECT_EQ(all.pass_at_k[0].first, 2);  // 1, 1 - C(3,2)/C(4,2) = 1/2, 1 - C(2,2)/6 = 5/6, 0
  EXPECT_DOUBLE_EQ(all.pass_at_k[0].second.value, (1.0 + 0.5 + 5.0 / 6.0 + 0.0) / 4.0);
  EXPECT_EQ(all.pass_at_k[1].first, 4);
  EXPECT_DOUBLE_EQ(all.pass_at_k[1].second.value, 0.75);
  EXPECT_GT(all.pass_at_1.standard_error, 0.1);  // values 1, 1/4, 1/2, 0: sd/sqrt(4) of the four is 0.185
  EXPECT_LT(all.pass_at_1.standard_error, 0.25);
  EXPECT_LT(all.pass_at_1.low, 7.0 / 16.0);
  EXPECT_GT(all.pass_at_1.high, 7.0 / 16.0);
}

TEST(AggregateTest, BreaksDownByFamilyAndLevel) {
  const Example example;
  const EvalReport report = aggregate(example.items, example.problems, {});
  ASSERT_EQ(report.families.size(), 2u);
  EXPECT_EQ(report.families[0].family, "product");
  EXPECT_EQ(report.families[0].level, 0);
  EXPECT_DOUBLE_EQ(report.families[0].pass_at_1.value, 0.25);
  EXPECT_DOUBLE_EQ(report.families[1].pass_at_1.value, 0.625);
  ASSERT_EQ(report.levels.size(), 3u);
  EXPECT_EQ(report.levels[0].num_problems, 2);
  EXPECT_EQ(report.levels[1].family, "sum");
  EXPECT_EQ(report.levels[1].level, 1);
  EXPECT_DOUBLE_EQ(report.levels[1].pass_at_1.value, 1.0);
  EXPECT_EQ(report.levels[2].level, 2);
  EXPECT_DOUBLE_EQ(report.levels[2].pass_at_1.value, 0.25);
}

TEST(AggregateTest, FamiliesWithAMajorityAnswerStayOutOfTheHeadline) {
  Example example;
  for (const char* answer : {"yes", "no", "yes"}) {
    add_samples(example.items, static_cast<std::int64_t>(example.problems.size()), 4, 4);
    example.problems.push_back(problem_of("parity", 1, answer));
  }
  const EvalReport report = aggregate(example.items, example.problems, {});
  EXPECT_DOUBLE_EQ(report.headline.pass_at_1.value, 7.0 / 16.0);
  EXPECT_EQ(report.headline.num_problems, 4);
  EXPECT_DOUBLE_EQ(report.all.pass_at_1.value, 19.0 / 28.0);
  EXPECT_EQ(report.all.num_problems, 7);
  ASSERT_EQ(report.families[0].family, "parity");
  EXPECT_FALSE(report.families[0].in_headline);
  EXPECT_DOUBLE_EQ(report.families[0].majority_share, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(report.families[0].pass_at_1.value, 1.0);
  EXPECT_TRUE(report.families[1].in_headline);
  EXPECT_EQ(report.families[1].majority_share, 0.0);
  const EvalReport lax = aggregate(example.items, example.problems, {.majority_threshold = 0.7});
  EXPECT_EQ(lax.headline.num_problems, 7);
}

TEST(AggregateTest, AHeadlineWithoutProblemsIsNaNAndNotZero) {
  std::vector<EvalItem> items;
  add_samples(items, 0, 4, 4);
  add_samples(items, 1, 4, 4);
  const EvalReport report = aggregate(items, {problem_of("parity", 1, "yes"), problem_of("parity", 1, "yes")}, {});
  EXPECT_EQ(report.headline.num_problems, 0);
  EXPECT_TRUE(std::isnan(report.headline.pass_at_1.value));
  EXPECT_TRUE(std::isnan(report.headline.format_rate));
  EXPECT_DOUBLE_EQ(report.all.pass_at_1.value, 1.0);
}

TEST(AggregateTest, CountdownProblemsShareATaskNotAnAnswer) {
  std::vector<data::Problem> problems(3, problem_of("countdown", 1, ""));
  for (std::size_t p = 0; p < 3; ++p) {
    problems[p].verifier = "countdown";
    problems[p].tests = {"{\"numbers\": [1], \"target\": " + std::to_string(p) + "}"};
  }
  std::vector<EvalItem> items;
  for (std::int64_t p = 0; p < 3; ++p) add_samples(items, p, 1, 1);
  EXPECT_EQ(aggregate(items, problems, {}).headline.num_problems, 3);
}

TEST(AggregateTest, OrderOfItemsDoesNotMatter) {
  Example example;
  const std::string before = to_json(aggregate(example.items, example.problems, {}));
  std::reverse(example.items.begin(), example.items.end());
  EXPECT_EQ(to_json(aggregate(example.items, example.problems, {})), before);
}

TEST(AggregateTest, ChosenKs) {
  const Example example;
  const auto report = aggregate(example.items, example.problems, {.ks = {3, 1, 3}});
  ASSERT_EQ(report.headline.pass_at_k.size(), 1u);
  EXPECT_EQ(report.headline.pass_at_k[0].first, 3);
  EXPECT_THROW(aggregate(example.items, example.problems, {.ks = {5}}), Error);
}

TEST(AggregateTest, RefusesIncompleteEvaluations) {
  Example example;
  EXPECT_THROW(aggregate({}, {}, {}), Error);
  std::vector<EvalItem> items = example.items;
  items.pop_back();
  EXPECT_THROW(aggregate(items, example.problems, {}), Error);
  items = example.items;
  items.back().sample = 0;
  EXPECT_THROW(aggregate(items, example.problems, {}), Error);
  items = example.items;
  items.back().sample = 4;
  EXPECT_THROW(aggregate(items, example.problems, {}), Error);
  items = example.items;
  items.back().problem = 4;
  EXPECT_THROW(aggregate(items, example.problems, {}), Error);
}

TEST(CompareTest, PairsTheHeadlineProblems) {
  Example example;
  const EvalReport before = aggregate(example.items, example.problems, {});
  for (EvalItem& item : example.items) item.verdict.parts[0].second = 1.0;
  const EvalReport after = aggregate(example.items, example.problems, {});
  const Estimate gain = compare_pass_at_1(before, after, {});
  EXPECT_DOUBLE_EQ(gain.value, 9.0 / 16.0);
  EXPECT_GT(gain.standard_error, 0.0);
  EXPECT_EQ(compare_pass_at_1(after, after, {}).high, 0.0);
  EvalReport other = after;
  other.headline_pass_at_1.pop_back();
  EXPECT_THROW(compare_pass_at_1(before, other, {}), Error);
}

}  // namespace
}  // namespace r1::eval
