// The event files of a run, decoded: one folder a stage, a new file a process, a session start at a rewind.
#include "r1/monitor/tensorboard_sink.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "r1/core/fs.h"
#include "tests/monitor/event_decoder.h"

namespace r1::monitor {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::Pair;

class TensorBoardSinkTest : public testing::Test {
 protected:
  TensorBoardSinkTest() { fs::remove_all(root_); }
  ~TensorBoardSinkTest() override { fs::remove_all(root_); }
  TensorBoardSink sink() {
    return TensorBoardSink(root_, [this] { return now_ += 1.0; });
  }
  std::vector<DecodedEvent> events(const std::string& stage, int number) const {
    return decode_file(core::read_file(root_ / stage / fmt::format("events.out.tfevents.{:010}.r1", number)));
  }

  double now_ = 1.8e9;
  const fs::path root_ = fs::path(testing::TempDir()) / ("tensorboard_sink_test_" + std::to_string(getpid()));
};

core::MetricRecord record(const std::string& stage, std::int64_t step) {
  return {
      .stage = stage, .step = step, .total_steps = 9, .values = {{"loss", 0.5}, {"kl", 2.0}}, .timings = {{"t", 3.0}}};
}

TEST_F(TensorBoardSinkTest, WritesValuesAndTimingsOfAStageIntoItsOwnRun) {
  TensorBoardSink tensorboard = sink();
  tensorboard.emit(record("pretrain", 1));
  tensorboard.emit(record("pretrain", 2));
  tensorboard.emit(record("zero", 1));
  const auto pretrain = events("pretrain", 1);
  ASSERT_EQ(pretrain.size(), 3u);
  EXPECT_EQ(pretrain[0].file_version, "brain.Event:2");
  EXPECT_EQ(pretrain[1].step, 1);
  EXPECT_EQ(pretrain[2].step, 2);
  EXPECT_GT(pretrain[2].wall_time, pretrain[1].wall_time);
  EXPECT_THAT(pretrain[2].scalars, ElementsAre(Pair("loss", 0.5f), Pair("kl", 2.0f), Pair("t", 3.0f)));
  EXPECT_EQ(events("zero", 1).size(), 2u);
}

TEST_F(TensorBoardSinkTest, AResumedRunStartsANewFileThatDropsWhatLiesBeyondTheStep) {
  {
    TensorBoardSink tensorboard = sink();
    for (const std::int64_t step : {1, 2, 3}) tensorboard.emit(record("zero", step));
  }
  core::append_file(root_ / "zero" / "events.out.tfevents.0000000001.r1", "torn");
  TensorBoardSink tensorboard = sink();
  tensorboard.rewind("zero", 2);
  tensorboard.emit(record("zero", 3));
  const auto second = events("zero", 2);
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(second[0].file_version, "brain.Event:2");
  EXPECT_EQ(second[1].session_status, 1u);
  EXPECT_EQ(second[1].step, 3);  // TensorBoard drops steps from this one on
  EXPECT_EQ(second[2].step, 3);
  EXPECT_THROW(events("zero", 1), std::runtime_error);  // the torn file was left as it was
}

TEST_F(TensorBoardSinkTest, ARewindOfANewStageAndNotesWriteNothing) {
  TensorBoardSink tensorboard = sink();
  tensorboard.rewind("zero", 0);
  tensorboard.note("zero", "hello");
  EXPECT_FALSE(fs::exists(root_));
}

}  // namespace
}  // namespace r1::monitor
