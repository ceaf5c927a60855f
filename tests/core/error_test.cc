// R1_CHECK, user_error and Result: who throws what, and what the reader sees.
#include "r1/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/result.h"

namespace r1 {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Check, ThrowsErrorWithPlaceConditionAndValues) {
  const int experts = 7;
  try {
    R1_CHECK(experts % 2 == 0, "num_experts {} is odd", experts);
    FAIL() << "nothing was thrown";
  } catch (const UserError&) {
    FAIL() << "a bug is no mistake of the user's";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(),
                AllOf(HasSubstr("error_test.cc:"), HasSubstr("experts % 2 == 0"), HasSubstr("num_experts 7 is odd")));
  }
}

TEST(Check, EvaluatesItsConditionOnceAndItsMessageOnlyOnFailure) {
  int conditions = 0, messages = 0;
  R1_CHECK(++conditions == 1, "{}", ++messages);
  EXPECT_EQ(conditions, 1);
  EXPECT_EQ(messages, 0);
}

TEST(UserErrorTest, HoldsJustTheLine) {
  try {
    user_error("{}:{}: unknown key '{}'", "a.yaml", 12, "stepz");
    FAIL() << "nothing was thrown";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(), "a.yaml:12: unknown key 'stepz'");
  }
}

TEST(ResultTest, HoldsAValueOrTheReasonWhyThereIsNone) {
  const core::Result<int> good = 5;
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.value(), 5);
  EXPECT_EQ(good.why(), "");
  const core::Result<int> bad = core::Failure{"no number in the text"};
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.why(), "no number in the text");
  EXPECT_THROW(bad.value(), Error);
}

}  // namespace
}  // namespace r1
