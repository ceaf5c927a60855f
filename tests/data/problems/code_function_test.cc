// The tests of a code problem against an evaluator of Python's arithmetic written for this file: the answer passes,
// every wrong guess fails; expressions carry no parenthesis too many.
#include "r1/data/problems/code_function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "r1/data/problems/near_miss.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;

/// sum = product {(+|-) product}, product = atom {(*|%) atom}, atom = x | number | [name] ( sum {, sum} ).
class Evaluator {
 public:
  Evaluator(const std::string& text, std::int64_t x) : text_(text), x_(x) {}
  std::int64_t run() {
    const std::int64_t value = sum();
    if (at_ != text_.size()) throw std::runtime_error("trailing text in " + text_);
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  std::int64_t sum() {
    std::int64_t value = product();
    while (peek() == '+' || peek() == '-') {
      const bool plus = text_[at_++] == '+';
      const std::int64_t other = product();
      value = plus ? value + other : value - other;
    }
    return value;
  }
  std::int64_t product() {
    std::int64_t value = atom();
    while (peek() == '*' || peek() == '%') {
      const bool times = text_[at_++] == '*';
      const std::int64_t other = atom();
      if (times) {
        value *= other;
      } else {
        const std::int64_t rest = value % other;
        value = rest < 0 ? rest + other : rest;
      }
    }
    return value;
  }
  std::int64_t atom() {
    if (peek() == 'x') {
      ++at_;
      return x_;
    }
    if (peek() >= '0' && peek() <= '9') {
      std::size_t used = 0;
      const std::int64_t number = std::stoll(text_.substr(at_), &used);
      at_ += used;
      return number;
    }
    std::string name;
    while (peek() >= 'a' && peek() <= 'z') name += text_[at_++];
    const std::vector<std::int64_t> values = arguments();
    if (name.empty()) return values.at(0);
    if (name == "abs") return std::abs(values.at(0));
    if (name == "min") return std::min(values.at(0), values.at(1));
    if (name == "max") return std::max(values.at(0), values.at(1));
    throw std::runtime_error("unknown function " + name);
  }
  std::vector<std::int64_t> arguments() {
    std::vector<std::int64_t> values;
    if (text_.at(at_++) != '(') throw std::runtime_error("( expected in " + text_);
    values.push_back(sum());
    while (peek() == ',') {
      ++at_;
      values.push_back(sum());
    }
    if (text_.at(at_++) != ')') throw std::runtime_error(") expected in " + text_);
    return values;
  }

  const std::string& text_;
  std::int64_t x_;
  std::size_t at_ = 0;
};

bool passes(const std::string& answer, const Problem& problem) {
  const nlohmann::json pairs = nlohmann::json::parse(problem.tests.at(0));
  return std::all_of(pairs.begin(), pairs.end(), [&](const nlohmann::json& pair) {
    return Evaluator(answer, pair.at("input")).run() == pair.at("output").get<std::int64_t>();
  });
}

GeneratedProblem draw(std::uint32_t sample, const char* language = "en") {
  core::Rng rng({.seed = 11, .sample = sample});
  return find_family("code_function").generate(1 + sample % 3, language, rng);
}

TEST(CodeFunction, TheAnswerPassesItsTestsAndGuessesFail) {
  for (std::uint32_t i = 0; i < 1500; ++i) {
    const GeneratedProblem p = draw(i);
    ASSERT_EQ(p.problem.tests.size(), 1U);
    const nlohmann::json pairs = nlohmann::json::parse(p.problem.tests[0]);
    ASSERT_GE(pairs.size(), 5U);
    ASSERT_TRUE(passes(p.problem.answer, p.problem)) << p.problem.answer;
    for (const std::string& choice : p.choices) ASSERT_FALSE(passes(choice, p.problem)) << choice;
    core::Rng rng({.seed = 12, .sample = i});
    EXPECT_FALSE(passes(near_miss(p, rng), p.problem));
    EXPECT_FALSE(passes(sloppy_work(p, rng).answer, p.problem));
    EXPECT_FALSE(passes("x", p.problem));
  }
}

TEST(CodeFunction, EveryOtherConstantFails) {
  for (std::uint32_t i = 0; i < 300; ++i) {
    const GeneratedProblem p = draw(i);
    for (std::size_t at = 0; at < p.problem.answer.size(); ++at) {
      if (p.problem.answer[at] < '1' || p.problem.answer[at] > '8') continue;
      std::string wrong = p.problem.answer;
      ++wrong[at];
      EXPECT_FALSE(passes(wrong, p.problem)) << wrong << " for " << p.problem.answer;
    }
  }
}

TEST(CodeFunction, StepsBuildTheExpressionPieceByPiece) {
  int conditions = 0;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const GeneratedProblem p = draw(i, i % 2 == 0 ? "en" : "zh");
    EXPECT_EQ(p.steps.size(), static_cast<std::size_t>(p.problem.difficulty));
    EXPECT_EQ(p.steps.back(), p.problem.answer);
    EXPECT_EQ(p.problem.verifier, "code");
    EXPECT_EQ(p.problem.answer.find(' '), std::string::npos);
    conditions += p.problem.answer.find_first_of("mb") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(conditions, 50);
}

TEST(CodeFunction, WorkedExamples) {
  using Chain = std::vector<CodeOperation>;
  EXPECT_EQ(chain_expression(Chain{{'+', 3}, {'*', 2}}), "(x+3)*2");
  EXPECT_EQ(chain_expression(Chain{{'*', 2}, {'+', 3}, {'-', 1}}), "x*2+3-1");
  EXPECT_EQ(chain_expression(Chain{{'+', 3}, {'*', 2}, {'*', 4}}), "(x+3)*2*4");
  EXPECT_EQ(chain_expression(Chain{{'-', 4}, {'a', 0}, {'*', 2}}), "abs(x-4)*2");
  EXPECT_EQ(chain_expression(Chain{{'+', 3}, {'m', 5}, {'+', 1}}), "max(x+3,5)+1");
  EXPECT_EQ(chain_expression(Chain{{'%', 7}}), "x%7");
  EXPECT_EQ(apply_chain(Chain{{'%', 7}}, -1), 6);  // as Python
  EXPECT_EQ(apply_chain(Chain{{'+', 3}, {'*', 2}, {'M', 9}}, 5), 9);
  EXPECT_EQ(apply_chain(Chain{{'-', 4}, {'a', 0}}, 1), 3);
}

TEST(CodeFunction, EveryLevelHasRoomForTrainingAndHeldOutProblems) {
  std::array<std::set<std::string>, 3> found;
  for (std::uint32_t i = 0; i < 6000; ++i) found[i % 3].insert(draw(i).problem.canonical);
  EXPECT_EQ(found[0].size(), 158U);  // 40 + 40 + 39 + 39
  EXPECT_GT(found[1].size(), 500U);
  EXPECT_GT(found[2].size(), 1500U);
}

}  // namespace
}  // namespace r1::data
