// Reads search traces back: every equation true, every given-up place hopeless, the answer right.
#include "r1/data/problems/countdown_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "r1/core/error.h"
#include "tests/data/problems/oracle.h"

namespace r1::data {
namespace {

core::Rng make_rng(std::uint32_t sample) {
  return core::Rng({.seed = 13, .purpose = core::Purpose::Test, .sample = sample});
}

/// Walks through a trace with a stack of states; throws std::runtime_error at the first thing that is not so.
class TraceReader {
 public:
  TraceReader(const CountdownProblem& problem, const std::string& trace) : problem_(problem), trace_(trace) {}

  void read() {
    stack_ = {problem_.numbers};
    while (at_ < trace_.size()) {
      if (trace_[at_] == '\n') {
        ++at_;
        need(!solvable(stack_.back()), "gave up a state that has a solution");
        need(stack_.size() > 1, "gave up the problem itself");
        stack_.pop_back();
        ++num_given_up;
        continue;
      }
      read_move();
    }
    need(stack_.back().size() == 1 && stack_.back()[0] == problem_.target, "does not end at the target");
  }

  int num_failed = 0;
  int num_given_up = 0;

 private:
  void need(bool condition, const std::string& what) const {
    if (!condition) throw std::runtime_error(what + " at " + std::to_string(at_) + " of " + trace_);
  }
  bool solvable(const CountdownState& state) const { return countdown_solvable(state, problem_.target, 999); }

  std::int64_t number() {
    std::size_t used = 0;
    const std::int64_t value = std::stoll(trace_.substr(at_), &used);
    at_ += used;
    return value;
  }

  /// "60-17=43,79" from the state on top; then ';', ':' or the end.
  void read_move() {
    const std::size_t begin = at_;
    const std::int64_t a = number();
    ++at_;
    const std::int64_t b = number();
    need(trace_[at_] == '=', "no =");
    const std::string left = trace_.substr(begin, at_ - begin);
    ++at_;
    CountdownState next = {number()};
    need(test::evaluate(left) == test::Fraction{next[0], 1}, left + " is something else");
    while (at_ < trace_.size() && trace_[at_] == ',') {
      ++at_;
      next.push_back(number());
    }
    CountdownState rest = stack_.back();
    for (const std::int64_t used : {a, b}) {
      const auto found = std::find(rest.begin(), rest.end(), used);
      need(found != rest.end(), std::to_string(used) + " is not in the state");
      rest.erase(found);
    }
    need(CountdownState(next.begin() + 1, next.end()) == rest, "wrong numbers left");
    if (at_ == trace_.size()) {
      stack_.push_back(next);
    } else if (trace_[at_] == ';') {
      need(next.size() == 2 && !solvable(next), "a leaf that fails must fail");
      ++num_failed;
      ++at_;
    } else {
      need(trace_[at_] == ':', "neither ; nor :");
      ++at_;
      stack_.push_back(next);
    }
  }

  const CountdownProblem& problem_;
  const std::string& trace_;
  std::vector<CountdownState> stack_;
  std::size_t at_ = 0;
};

TEST(CountdownTrace, ReadsBackTrue) {
  const CountdownConfig config;
  int failed = 0;
  int given_up = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    core::Rng rng = make_rng(i);
    const CountdownProblem p = generate_countdown(config, rng);
    const std::string trace = countdown_search(config, p, rng);
    TraceReader reader(p, trace);
    ASSERT_NO_THROW(reader.read()) << trace;
    EXPECT_LE(trace.size(), 1000U);
    failed += reader.num_failed;
    given_up += reader.num_given_up;
  }
  EXPECT_GT(failed, 900);  // 3 wrong attempts in the last 3-number state, about 4.5 in each given up
  EXPECT_GT(given_up, 150);
}

TEST(CountdownTrace, CompletionsComposeTheAnswer) {
  const CountdownConfig config;
  for (std::uint32_t i = 0; i < 200; ++i) {
    core::Rng rng = make_rng(i);
    const CountdownProblem p = generate_countdown(config, rng);
    const std::string text = countdown_completion(config, p, rng);
    const std::size_t close = text.find("</think><answer>");
    ASSERT_EQ(text.find("<think>"), 0U);
    ASSERT_NE(close, std::string::npos);
    const std::string answer = text.substr(close + 16, text.size() - close - 16 - 9);
    EXPECT_EQ(text.substr(text.size() - 9), "</answer>");
    std::vector<std::int64_t> used;
    EXPECT_EQ(test::evaluate(answer, &used), (test::Fraction{p.target, 1}));
    EXPECT_THAT(used, ::testing::UnorderedElementsAreArray(p.numbers));
    // The last expansion is the answer in parentheses, and every expansion has the target's value.
    EXPECT_EQ(text.substr(close - answer.size() - 3, answer.size() + 3), ";(" + answer + ")");
    for (const std::string& expansion : compose_countdown_answer(p.solution).expansions)
      EXPECT_EQ(test::evaluate(expansion), (test::Fraction{p.target, 1}));
  }
}

TEST(CountdownTrace, WorkedExample) {
  CountdownConfig config;
  config.wrong_continue = 0.0;
  config.wrong_continue_above = 0.0;
  CountdownProblem p;
  p.numbers = {79, 17, 60};
  p.target = 36;
  p.solution = {{60, '-', 17, 43}, {79, '-', 43, 36}};
  core::Rng rng = make_rng(0);
  EXPECT_EQ(countdown_completion(config, p, rng),
            "<think>60-17=43,79:79-43=36;(79-43);(79-(60-17))</think><answer>79-(60-17)</answer>");
}

TEST(CountdownTrace, ComposesWholeNumbersOnly) {
  // 3 occurs inside 13 and 30; the result 3 must be found as a number of its own.
  const CountdownAnswer answer = compose_countdown_answer({{5, '-', 2, 3}, {13, '+', 3, 16}, {30, '-', 16, 14}});
  EXPECT_EQ(answer.answer, "30-(13+(5-2))");
  EXPECT_THAT(answer.expansions, ::testing::ElementsAre("(30-16)", "(30-(13+3))", "(30-(13+(5-2)))"));
}

TEST(CountdownTrace, LongSearchesAreCutToTheRightAttempts) {
  CountdownConfig config;
  config.max_trace_chars = 10;
  core::Rng rng = make_rng(1);
  const CountdownProblem p = generate_countdown(config, rng);
  const std::string trace = countdown_search(config, p, rng);
  EXPECT_EQ(trace.find(';'), std::string::npos);
  EXPECT_EQ(trace.find('\n'), std::string::npos);
  TraceReader reader(p, trace);
  EXPECT_NO_THROW(reader.read());
}

TEST(CountdownTrace, WrongAttemptsAreGeometric) {
  CountdownConfig config;
  config.num_count_shares = {1, 0, 0};
  const auto mean_failed = [&](double more) {
    config.wrong_continue = more;
    double failed = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      core::Rng rng = make_rng(i);
      const CountdownProblem p = generate_countdown(config, rng);
      const std::string trace = countdown_search(config, p, rng);
      failed += static_cast<double>(std::count(trace.begin(), trace.end(), ';'));
    }
    return failed / 1000;
  };
  EXPECT_EQ(mean_failed(0.0), 0.0);
  EXPECT_NEAR(mean_failed(0.5), 0.95, 0.15);
  // Without bound it would be 3, but few moves of a 3-number state stay under 1000 and fail.
  EXPECT_NEAR(mean_failed(0.75), 2.2, 0.3);
}

TEST(CountdownTrace, TheReaderNoticesLies) {
  CountdownProblem p;
  p.numbers = {79, 17, 60};
  p.target = 36;
  for (const char* lie :
       {"60-17=42,79:79-42=36", "60-17=43,79;", "60-17=43:79-43=36", "79-60=19,17:19+17=36;", "79-17=62,60:62-60=2"}) {
    const std::string trace = lie;
    EXPECT_THROW(TraceReader(p, trace).read(), std::runtime_error) << lie;
  }
}

}  // namespace
}  // namespace r1::data
