// The line in which two configurations differ, and started.json. Whether a stage is found complete is tested through
// the orchestrator.
#include "r1/pipeline/stage_work.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "r1/core/fs.h"
#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;

TEST(StageWork, TheFirstDifferenceStandsUnderItsKeys) {
  EXPECT_EQ(first_difference("a: 1\nb: 2\n", "a: 1\nb: 3\n"), "b: 2 -> 3");
  EXPECT_EQ(first_difference("o:\n  w:\n    x: 1\n  y: 2\n", "o:\n  w:\n    x: 1\n  y: 3\n"), "o.y: 2 -> 3");
  EXPECT_EQ(first_difference("o:\n  w:\n    x: 1\n", "o:\n  w:\n    x: 2\n"), "o.w.x: 1 -> 2");
  EXPECT_EQ(first_difference("a: 1\n", "a: 1\nb: 2\n"), "nothing -> b: 2");
  EXPECT_EQ(first_difference("a: 1\nb: 2\n", "a: 1\n"), "b: 2 -> nothing");
  EXPECT_EQ(first_difference("a: 1\n", "b: 1\n"), "a: 1 -> b: 1");
}

TEST(StageWork, AnAbsentInputHasNoHash) {
  FakeStage stage("reader");
  stage.reads = {"corpus/out.txt"};
  const Manifest planned = planned_manifest(stage, "tiny", "/nonexistent");
  ASSERT_EQ(planned.inputs.size(), 1U);
  EXPECT_EQ(planned.inputs[0], (InputRecord{"corpus/out.txt", ""}));
}

TEST(StageWork, StartedWorkReadsBackUntilTheStageIsFinished) {
  const fs::path directory = fs::temp_directory_path() / ("r1_stage_work_" + std::to_string(::getpid()));
  fs::remove_all(directory);
  EXPECT_FALSE(read_started(directory).has_value());
  write_started(directory, {.identity = "abc", .started = 12.5});
  ASSERT_TRUE(read_started(directory).has_value());
  EXPECT_EQ(read_started(directory)->identity, "abc");
  EXPECT_EQ(read_started(directory)->started, 12.5);
  core::write_file_atomic(directory / kStartedFile, "{");
  EXPECT_FALSE(read_started(directory).has_value());
  write_started(directory, {.identity = "abc", .started = 12.5});
  write_manifest(directory, Manifest{});
  EXPECT_FALSE(read_started(directory).has_value());
  fs::remove_all(directory);
}

}  // namespace
}  // namespace r1::pipeline
