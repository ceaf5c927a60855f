// The countdown contract, with rows in the style of the real test set and every kind of error.
#include "r1/reward/math/countdown.h"

#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

const CountdownTask kTask{{79, 17, 60}, 36};

CountdownError error_of(const std::string& answer, const CountdownTask& task = kTask) {
  return check_countdown(answer, task).error;
}

TEST(CountdownTest, AcceptsEveryRightForm) {
  EXPECT_EQ(error_of("(79+(17-60))"), CountdownError::Ok);
  EXPECT_EQ(error_of(" 79 + 17 - 60\n"), CountdownError::Ok);
  EXPECT_EQ(error_of("-60+17+79"), CountdownError::Ok);
  EXPECT_EQ(error_of("(34-(11*(80-82)))", {{11, 34, 82, 80}, 56}), CountdownError::Ok);
}

TEST(CountdownTest, DivisionIsExact) {
  // 8 / (3 - 8/3) = 24 only in rationals.
  EXPECT_EQ(error_of("8/(3-8/3)", {{3, 3, 8, 8}, 24}), CountdownError::Ok);
  EXPECT_EQ(error_of("100/3*3", {{100, 3, 3}, 100}), CountdownError::Ok);
  EXPECT_EQ(error_of("10/3", {{10, 3}, 3}), CountdownError::WrongValue);
}

TEST(CountdownTest, EveryNumberExactlyOnce) {
  EXPECT_EQ(error_of("36"), CountdownError::NumberMismatch);
  EXPECT_EQ(error_of("79-60+17*1"), CountdownError::NumberMismatch);
  EXPECT_EQ(error_of("79+17"), CountdownError::NumberMismatch);
  EXPECT_EQ(error_of("79+17-60+0"), CountdownError::NumberMismatch);
  EXPECT_EQ(error_of("3*3", {{3}, 9}), CountdownError::NumberMismatch);
  EXPECT_EQ(error_of("3*3", {{3, 3}, 9}), CountdownError::Ok);
  EXPECT_EQ(check_countdown("79+17", kTask).why, "number_mismatch: used 17 79, given 17 60 79");
}

TEST(CountdownTest, WrongValueSaysWhich) {
  const CountdownCheck check = check_countdown("79-17-60", kTask);
  EXPECT_EQ(check.error, CountdownError::WrongValue);
  EXPECT_EQ(check.why, "wrong_value: 2 is not 36");
}

TEST(CountdownTest, WhatIsNoExpression) {
  EXPECT_EQ(error_of(""), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("79+17-60=36"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("79+(17-60"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("60^17*79"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("79.0+17-60"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("79%+17-60"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("79 17 60"), CountdownError::NotAnExpression);
  EXPECT_EQ(error_of("1/0", {{0, 1}, 1}), CountdownError::NotAnExpression);
  EXPECT_EQ(check_countdown("1/0", {{0, 1}, 1}).why, "not_an_expression: division by zero");
  EXPECT_EQ(error_of(std::string(1'000'000, '(')), CountdownError::NotAnExpression);
}

TEST(CountdownTest, MissingAnswer) {
  const CountdownCheck check = check_countdown(std::nullopt, kTask);
  EXPECT_EQ(check.error, CountdownError::MissingAnswer);
  EXPECT_EQ(check.why, "missing_answer: no <answer> tag");
}

TEST(CountdownTest, ReadsItsTask) {
  const CountdownTask task = countdown_task_from_json(R"({"target": 56, "numbers": [11, 34, 82, 80]})");
  EXPECT_EQ(task.target, 56);
  EXPECT_EQ(task.numbers, (std::vector<std::int64_t>{11, 34, 82, 80}));
  for (const char* bad :
       {"", "[]", "{\"numbers\": [1]}", "{\"numbers\": [], \"target\": 1}", "{\"numbers\": [\"1\"], \"target\": 1}",
        "{\"numbers\": [-1], \"target\": 1}", "{\"numbers\": [1], \"target\": 1.5}"})
    EXPECT_THROW(countdown_task_from_json(bad), UserError) << bad;
}

}  // namespace
}  // namespace r1::reward
