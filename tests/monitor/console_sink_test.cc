// What a person sees, character for character, with a clock that the test moves.
#include "r1/monitor/console_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "r1/core/error.h"

namespace r1::monitor {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kClear = "\r\033[2K";

class ConsoleSinkTest : public testing::Test {
 protected:
  ConsoleOptions options(bool is_terminal) {
    ConsoleOptions made;
    made.out = &out_;
    made.is_terminal = is_terminal;
    made.columns = 100;
    made.clock = [this] { return now_; };
    return made;
  }
  /// What was written since the last call.
  std::string taken() {
    const std::string text = out_.str();
    out_.str("");
    return text;
  }
  std::ostringstream out_;
  double now_ = 1000.0;
};

core::MetricRecord record(const std::string& stage, std::int64_t step, std::int64_t total, double loss) {
  return {
      .stage = stage, .step = step, .total_steps = total, .values = {{"hidden", 7.0}, {"loss", loss}}, .timings = {}};
}

TEST_F(ConsoleSinkTest, ATerminalGetsOneLineThatRedrawsItself) {
  ConsoleSink sink(options(true));
  sink.emit(record("zero", 10, 40, 1.23456));
  EXPECT_EQ(taken(), std::string(kClear) + "zero [======>                 ] 10/40  25%  loss 1.235");
  now_ += 20.0;
  sink.emit(record("zero", 20, 40, 0.5));
  EXPECT_EQ(taken(), std::string(kClear) + "zero [============>           ] 20/40  50%  ETA 0:40  loss 0.5");
  now_ += 20.0;
  sink.emit(record("zero", 40, 40, 0.25));
  EXPECT_EQ(taken(), std::string(kClear) + "zero [========================] 40/40 100%  loss 0.25\n");
}

TEST_F(ConsoleSinkTest, ATerminalIsRedrawnAtMostSoOftenButAlwaysAtTheEnd) {
  ConsoleSink sink(options(true));
  sink.emit(record("zero", 1, 4, 1.0));
  taken();
  now_ += 0.05;
  sink.emit(record("zero", 2, 4, 1.0));
  EXPECT_EQ(taken(), "");
  now_ += 0.06;
  sink.emit(record("zero", 3, 4, 1.0));
  EXPECT_THAT(taken(), HasSubstr("3/4"));
  now_ += 0.01;
  sink.emit(record("zero", 4, 4, 1.0));
  EXPECT_THAT(taken(), HasSubstr("4/4"));
}

TEST_F(ConsoleSinkTest, ANoteStandsAboveTheBarOfATerminal) {
  ConsoleSink sink(options(true));
  sink.emit(record("zero", 1, 4, 1.0));
  const std::string bar = taken().substr(std::string(kClear).size());
  sink.note("zero", "12 of 16 groups had no signal");
  EXPECT_EQ(taken(), kClear + std::string("zero: 12 of 16 groups had no signal\n") + bar);
}

TEST_F(ConsoleSinkTest, ANewStageAndTheEndCloseTheOpenLine) {
  {
    ConsoleSink sink(options(true));
    sink.emit(record("pretrain", 1, 4, 1.0));
    taken();
    sink.emit(record("zero", 1, 4, 1.0));
    EXPECT_THAT(taken(), testing::StartsWith(std::string("\n") + kClear + "zero ["));
  }
  EXPECT_EQ(taken(), "\n");
}

TEST_F(ConsoleSinkTest, ALineNeverFillsTheTerminal) {
  ConsoleOptions narrow = options(true);
  narrow.columns = 20;
  ConsoleSink sink(narrow);
  sink.emit(record("zero", 1, 4, 1.0));
  EXPECT_EQ(taken().size(), std::string(kClear).size() + 19);
}

TEST_F(ConsoleSinkTest, ElsewhereALineComesFirstLastAndEveryFewSeconds) {
  ConsoleSink sink(options(false));
  std::string text;
  for (std::int64_t step = 1; step <= 100; ++step) {
    sink.emit(record("zero", step, 100, 1.0));
    now_ += 1.0;
  }
  text = taken();
  EXPECT_THAT(text, testing::StartsWith("zero 1/100   1%  loss 1\nzero 11/100  11%  ETA 1:29  loss 1\n"));
  EXPECT_THAT(text, EndsWith("zero 91/100  91%  ETA 0:09  loss 1\nzero 100/100 100%  loss 1\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST_F(ConsoleSinkTest, ElsewhereALineMayComeEverySoManySteps) {
  ConsoleOptions by_steps = options(false);
  by_steps.line_steps = 25;
  ConsoleSink sink(by_steps);
  for (std::int64_t step = 1; step <= 60; ++step) sink.emit(record("zero", step, 0, 1.0));
  sink.note("zero", "done");
  EXPECT_EQ(taken(), "zero 1  loss 1\nzero 26  loss 1\nzero 51  loss 1\nzero: done\n");
}

TEST_F(ConsoleSinkTest, ShowsTheMetricsChosenForTheStageElseTheUsualElseTheFirst) {
  ConsoleOptions chosen = options(false);
  chosen.key_metrics["zero"] = {"reward", "missing", "speed", "hidden"};
  ConsoleSink sink(chosen);
  core::MetricRecord zero = record("zero", 1, 0, 1.0);
  zero.values.emplace_back("reward", 0.5);
  zero.timings.emplace_back("speed", 1234567.0);
  sink.emit(zero);
  EXPECT_EQ(taken(), "zero 1  reward 0.5  speed 1.235e+06  hidden 7\n");
  sink.emit(record("pretrain", 1, 0, 1.0));
  EXPECT_EQ(taken(), "pretrain 1  loss 1\n");
  sink.emit({.stage = "eval",
             .step = 1,
             .total_steps = 0,
             .values = {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}},
             .timings = {}});
  EXPECT_EQ(taken(), "eval 1  a 1  b 2  c 3  d 4\n");
}

TEST_F(ConsoleSinkTest, TheTimeLeftFollowsThePaceAndForgetsItAtARewind) {
  ConsoleSink sink(options(false));
  sink.emit(record("zero", 10, 2000, 1.0));
  now_ += 20.0;  // 2 s a step
  sink.emit(record("zero", 20, 2000, 1.0));
  EXPECT_THAT(taken(), HasSubstr("ETA 1:06:00 "));
  now_ += 120.0;  // 12 s a step: the mean moves a fifth of the way, to 4 s
  sink.emit(record("zero", 30, 2000, 1.0));
  EXPECT_THAT(taken(), HasSubstr("ETA 2:11:20 "));
  sink.rewind("zero", 20);
  EXPECT_EQ(taken(), "zero: goes on after step 20\n");
  now_ += 500.0;
  sink.emit(record("zero", 21, 2000, 1.0));
  EXPECT_EQ(taken(), "zero 21/2000   1%  loss 1\n");
}

TEST(ConsoleOptionsTest, NeedAStreamAndAClock) {
  EXPECT_THROW(ConsoleSink{ConsoleOptions{}}, Error);
  const ConsoleOptions stderr_options = console_on_stderr();
  EXPECT_NE(stderr_options.out, nullptr);
  const double before = stderr_options.clock();
  EXPECT_GE(stderr_options.clock(), before);
}

}  // namespace
}  // namespace r1::monitor
