// The bytes of metrics.jsonl, and that a run which was killed and went on ends with the bytes of one that was not.
#include "r1/monitor/jsonl_sink.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"

namespace r1::monitor {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class JsonlSinkTest : public testing::Test {
 protected:
  JsonlSinkTest() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~JsonlSinkTest() override { fs::remove_all(root_); }
  std::string metrics(const fs::path& run) const { return core::read_file(run / "metrics.jsonl"); }
  std::string timings(const fs::path& run) const { return core::read_file(run / "timings.jsonl"); }

  const fs::path root_ = fs::path(testing::TempDir()) / ("jsonl_sink_test_" + std::to_string(getpid()));
};

core::MetricRecord record(const std::string& stage, std::int64_t step, double value) {
  return {.stage = stage, .step = step, .total_steps = 9, .values = {{"loss", value}}, .timings = {{"step_time", 0.5}}};
}

TEST_F(JsonlSinkTest, WritesOneObjectALineInTheOrderOfTheFields) {
  JsonlSink sink(root_ / "run");
  sink.emit({.stage = "zero",
             .step = 1,
             .total_steps = 5,
             .values = {{"reward", 0.1}, {"kl", 3.0}, {"a \"b\"", -1e-300}},
             .timings = {{"step_time", 0.25}}});
  sink.note("zero", "a note is no metric");
  sink.emit({.stage = "eval", .step = 2, .total_steps = 0, .values = {}, .timings = {}});
  EXPECT_EQ(metrics(root_ / "run"),
            "{\"stage\":\"zero\",\"step\":1,\"reward\":0.1,\"kl\":3,\"a \\\"b\\\"\":-1e-300}\n"
            "{\"stage\":\"eval\",\"step\":2}\n");
  EXPECT_EQ(timings(root_ / "run"), "{\"stage\":\"zero\",\"step\":1,\"step_time\":0.25}\n");
}

TEST_F(JsonlSinkTest, NumbersReadBackToTheSameDoubleAndOddOnesAreStrings) {
  JsonlSink sink(root_);
  const std::vector<double> values = {0.1 + 0.2, 1.0 / 3.0,   5e-324, std::numeric_limits<double>::max(),
                                      1e22,      123456789.0, -0.0,   -2.5e-7};
  core::MetricRecord all{.stage = "s", .step = 1, .total_steps = 0, .values = {}, .timings = {}};
  for (std::size_t i = 0; i < values.size(); ++i) all.values.emplace_back(std::to_string(i), values[i]);
  all.values.emplace_back("nan", std::nan(""));
  all.values.emplace_back("inf", HUGE_VAL);
  all.values.emplace_back("-inf", -HUGE_VAL);
  sink.emit(all);
  const auto json = nlohmann::json::parse(metrics(root_));
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(json[std::to_string(i)].get<double>(), values[i]);
  EXPECT_TRUE(std::signbit(json["6"].get<double>()));
  EXPECT_EQ(json["nan"], "NaN");
  EXPECT_EQ(json["inf"], "Infinity");
  EXPECT_EQ(json["-inf"], "-Infinity");
}

TEST_F(JsonlSinkTest, RewindCutsOffOnlyThatStageBeyondThatStep) {
  JsonlSink sink(root_);
  for (const std::int64_t step : {1, 2, 3}) sink.emit(record("pretrain", step, 1.0));
  for (const std::int64_t step : {1, 2, 10, 3}) sink.emit(record("zero", step, 2.0));
  sink.rewind("zero", 2);
  const std::string expected =
      "{\"stage\":\"pretrain\",\"step\":1,\"loss\":1}\n{\"stage\":\"pretrain\",\"step\":2,\"loss\":1}\n"
      "{\"stage\":\"pretrain\",\"step\":3,\"loss\":1}\n{\"stage\":\"zero\",\"step\":1,\"loss\":2}\n"
      "{\"stage\":\"zero\",\"step\":2,\"loss\":2}\n";
  EXPECT_EQ(metrics(root_), expected);
  EXPECT_THAT(timings(root_), testing::EndsWith("{\"stage\":\"zero\",\"step\":2,\"step_time\":0.5}\n"));
  EXPECT_THAT(timings(root_), testing::ContainsRegex("^([^\n]+\n){5}$"));
  sink.rewind("zero", 7);
  sink.rewind("eval", 0);
  EXPECT_EQ(metrics(root_), expected);
  sink.emit(record("zero", 3, 4.0));  // goes to the new file, not to the one that was replaced
  EXPECT_EQ(metrics(root_), expected + "{\"stage\":\"zero\",\"step\":3,\"loss\":4}\n");
}

TEST_F(JsonlSinkTest, ATornLastLineIsCutOffWhenTheRunIsOpenedAgain) {
  const std::string whole = "{\"stage\":\"zero\",\"step\":1,\"loss\":2}\n";
  core::write_file_atomic(root_ / "metrics.jsonl", whole + "{\"stage\":\"zero\",\"st");
  core::write_file_atomic(root_ / "timings.jsonl", "{\"sta");
  JsonlSink sink(root_);
  EXPECT_EQ(metrics(root_), whole);
  EXPECT_EQ(timings(root_), "");
}

TEST_F(JsonlSinkTest, RewindNamesTheLineThatIsNoRecord) {
  JsonlSink sink(root_);
  for (const char* broken : {"{\"stage\":\"zero\"}", "not json", "[1]", "{\"stage\":1,\"step\":1}", ""}) {
    const std::string text = fmt::format("{{\"stage\":\"zero\",\"step\":1}}\n{}\n", broken);
    core::write_file_atomic(root_ / "metrics.jsonl", text);
    try {
      sink.rewind("zero", 0);
      FAIL() << "nothing was thrown for " << broken;
    } catch (const UserError& e) {
      EXPECT_THAT(e.what(), HasSubstr("metrics.jsonl:2: not a metrics record"));
    }
    EXPECT_EQ(metrics(root_), text);
  }
}

TEST_F(JsonlSinkTest, AFullDiskGivesOneErrorAndLeavesWholeRecords) {
  JsonlSink sink(root_);
  sink.emit(record("zero", 1, 2.0));
  const std::string before = metrics(root_);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{before.size() + 10, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(sink.emit(record("zero", 2, 2.0)), UserError);
  setrlimit(RLIMIT_FSIZE, &old);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(metrics(root_), before);
}

/// A stage of 40 steps that writes a "checkpoint" (its step) every 7 and follows the rule emit -> checkpoint ->
/// (rewind). `kill_at` >= 0: SIGKILL when that many emits were made by this process, before or after a checkpoint that
/// is due.
void train(const fs::path& run, const std::string& stage, int kill_at, bool before_checkpoint) {
  JsonlSink sink(run);
  const fs::path checkpoint = run / ("checkpoint_" + stage);
  std::int64_t step = fs::exists(checkpoint) ? std::stoll(core::read_file(checkpoint)) : 0;
  sink.rewind(stage, step);
  for (int emits = 0; step < 40;) {
    ++step;
    core::Rng rng({.seed = 1, .step = static_cast<std::uint32_t>(step)});
    sink.emit(record(stage, step, rng.normal()));
    ++emits;
    if (emits == kill_at && before_checkpoint) raise(SIGKILL);
    if (step % 7 == 0) core::write_file_atomic(checkpoint, std::to_string(step));
    if (emits == kill_at) raise(SIGKILL);
  }
}

TEST_F(JsonlSinkTest, AKilledAndResumedRunEndsWithTheBytesOfOneThatWasNot) {
  train(root_ / "whole", "pretrain", -1, false);
  train(root_ / "whole", "zero", -1, false);
  for (const bool before_checkpoint : {true, false}) {
    const fs::path run = root_ / ("killed_" + std::to_string(before_checkpoint));
    train(run, "pretrain", -1, false);
    for (const int kill_at : {1, 13, 7, 14, 9, -1}) {
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        train(run, "zero", kill_at, before_checkpoint);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      ASSERT_EQ(WIFSIGNALED(status), kill_at >= 0);
    }
    EXPECT_EQ(metrics(run), metrics(root_ / "whole"));
    EXPECT_EQ(timings(run), timings(root_ / "whole"));
  }
}

}  // namespace
}  // namespace r1::monitor
