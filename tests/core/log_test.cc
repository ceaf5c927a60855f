// What reaches standard error, and what the level holds back.
#include "r1/core/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace r1::core {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

TEST(Log, WritesOneLineAnEventAndTakesBracesInTheTextAsTheyAre) {
  testing::internal::CaptureStderr();
  R1_LOG(info, "stage {} is complete", "zero");
  log_line(LogLevel::warn, "reward {x} of {}");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, AllOf(HasSubstr("info"), HasSubstr("stage zero is complete\n"), HasSubstr("warn")));
  EXPECT_THAT(text, EndsWith("reward {x} of {}\n"));
}

TEST(Log, DropsLinesBelowTheLevel) {
  testing::internal::CaptureStderr();
  R1_LOG(debug, "hidden by default");
  set_log_level(LogLevel::error);
  R1_LOG(warn, "hidden now");
  R1_LOG(error, "shown");
  set_log_level(LogLevel::info);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, testing::Not(HasSubstr("hidden")));
  EXPECT_THAT(text, EndsWith("shown\n"));
}

}  // namespace
}  // namespace r1::core
