// Code answers as verdicts: right, wrong, and every way of not getting that far; through the rule scorer too.
#include "r1/reward/code/code_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"
#include "r1/reward/rule_scorer.h"
#include "tests/reward/code/isolations.h"

namespace r1::reward {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kDoubles =
    R"([{"input": 1, "output": 2}, {"input": -3, "output": -6}, {"input": 0.5, "output": 1}])";
constexpr const char* kSorted = R"([{"input": [3, 1, 2], "output": [1, 2, 3]}, {"input": [], "output": []}])";

class CodeScorerTest : public IsolationTest {};

INSTANTIATE_TEST_SUITE_P(Isolations, CodeScorerTest, testing::Values("bubblewrap", "process"), isolation_name);

TEST_P(CodeScorerTest, RightAnswersPassAllTests) {
  Sandbox sandbox(config_);
  for (const char* answer : {"2 * x", "x + x", " x*2 ", "def f(x):\n  return x * 2", "f = lambda x: x * 2",
                             "```python\ndef f(x):\n    return 2 * x\n```", "```\n2 * x\n```", "2 * x  # doubled"}) {
    const Accuracy accuracy = check_code(answer, kDoubles, sandbox);
    EXPECT_TRUE(accuracy.correct) << answer << ": " << accuracy.why;
    EXPECT_EQ(accuracy.outcome, Outcome::Scored);
  }
  EXPECT_TRUE(check_code("sorted(x)", kSorted, sandbox).correct);
  EXPECT_TRUE(check_code("tuple(sorted(x))", kSorted, sandbox).correct);
}

TEST_P(CodeScorerTest, WrongAnswersSayWhere) {
  Sandbox sandbox(config_);
  const Accuracy wrong = check_code("abs(2 * x)", kDoubles, sandbox);
  EXPECT_FALSE(wrong.correct);
  EXPECT_EQ(wrong.outcome, Outcome::Scored);
  EXPECT_EQ(wrong.why, "wrong: 6 is not -6 for x = -3");
  const Accuracy raises = check_code("x[0]", kDoubles, sandbox);
  EXPECT_EQ(raises.outcome, Outcome::Scored);
  EXPECT_THAT(raises.why, StartsWith("wrong: TypeError"));
  EXPECT_FALSE(check_code("x", kSorted, sandbox).correct);
  EXPECT_FALSE(check_code("None", kSorted, sandbox).correct);
}

TEST_P(CodeScorerTest, OutcomesAreNeverASilentZero) {
  Sandbox sandbox(config_);
  const auto outcome = [&](const std::string& answer) { return check_code(answer, kDoubles, sandbox).outcome; };
  EXPECT_EQ(outcome("2 *"), Outcome::Unparseable);
  EXPECT_EQ(outcome(""), Outcome::Unparseable);
  EXPECT_EQ(outcome("g = 1"), Outcome::Unparseable);
  EXPECT_EQ(outcome("while True: pass"), Outcome::Timeout);
  EXPECT_EQ(outcome("bytearray(10**10)"), Outcome::Crash);
  EXPECT_EQ(outcome("import os\nos._exit(0)"), Outcome::Crash);
  EXPECT_EQ(outcome("import os\nwhile True: os.fork()"), Outcome::Scored);  // an exception, so a wrong answer
}

TEST_P(CodeScorerTest, ValuesAreComparedStrictly) {
  Sandbox sandbox(config_);
  const auto right = [&](const std::string& answer, const std::string& output) {
    return check_code(answer, R"([{"input": 1, "output": )" + output + "}]", sandbox).correct;
  };
  EXPECT_TRUE(right("0.1 + 0.2", "0.3"));
  EXPECT_FALSE(right("0.3001", "0.3"));
  EXPECT_TRUE(right("4 / 2", "2"));
  EXPECT_FALSE(right("True", "1"));
  EXPECT_FALSE(right("1", "true"));
  EXPECT_TRUE(right("x > 0", "true"));
  EXPECT_TRUE(right("'1'", "\"1\""));
  EXPECT_FALSE(right("'1'", "1"));
  EXPECT_TRUE(right("{'a': [x, 2.0]}", R"({"a": [1, 2]})"));
  EXPECT_FALSE(right("{'a': 1, 'b': 2}", R"({"a": 1})"));
  EXPECT_FALSE(right("10**30 + 1", "9223372036854775807"));
  EXPECT_TRUE(right("2**62 + 1", "4611686018427387905"));
  EXPECT_FALSE(right("2**62", "4611686018427387905"));
}

TEST_P(CodeScorerTest, BadTestsAreTheUsersMistake) {
  Sandbox sandbox(config_);
  for (const char* tests : {"", "[]", "{}", R"([{"input": 1}])", R"([{"input": 1, "output": 2, "more": 3}])", "[3]"})
    EXPECT_THROW((void)check_code("x", tests, sandbox), UserError) << tests;
}

TEST_P(CodeScorerTest, TheRuleScorerRunsIt) {
  RuleScorerConfig config;
  config.code = config_;
  const RuleScorer scorer(config);
  RewardInput input;
  input.verifier = "code";
  input.tests = kDoubles;
  input.completion = "<think>twice</think><answer>2 * x</answer>";
  EXPECT_EQ(scorer.score(input).score, 2.0);
  input.completion = "<think>twice</think><answer>while True: pass</answer>";
  const Verdict hangs = scorer.score(input);
  EXPECT_EQ(hangs.score, 1.0);  // the format part is as it is
  EXPECT_EQ(hangs.outcome, Outcome::Timeout);
  EXPECT_THAT(hangs.why, HasSubstr("no end within"));
  input.completion = "2 * x";
  EXPECT_EQ(scorer.score(input).why, "no <answer> tag");
}

}  // namespace
}  // namespace r1::reward
