// The orchestrator's decisions, with stages that copy text: what runs, what is skipped, what is refused, what a kill
// leaves, what the options choose. Conditions have a test of their own (condition_test.cc).
#include "r1/pipeline/orchestrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OrchestratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_orchestrator_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    first_ = add_stage(stages_, "first");
    first_->text = "hello world";
    second_ = add_stage(stages_, "second", {"first/out.txt"});
    third_ = add_stage(stages_, "third", {"second/out.txt"});
  }
  void TearDown() override { fs::remove_all(run_); }

  /// Which stages ran: "first second third".
  std::vector<std::string> go(const std::string& recipe = "tiny") {
    const RunDirectory directory(run_, recipe, "name: " + recipe + "\n");
    std::vector<std::string> ran;
    for (const StageOutcome& outcome : run_stages(stages_, directory, sink_, options_))
      if (outcome.ran) ran.push_back(outcome.manifest.stage);
    return ran;
  }
  fs::path run_;
  StageList stages_;
  RunOptions options_;
  FakeStage *first_ = nullptr, *second_ = nullptr, *third_ = nullptr;
  NullSink sink_;
};

TEST_F(OrchestratorTest, RunsInOrderThenSkips) {
  EXPECT_THAT(go(), ElementsAre("first", "second", "third"));
  EXPECT_THAT(go(), ElementsAre());
  EXPECT_EQ(core::read_file(run_ / "third" / "out.txt"), "hello world");
  EXPECT_EQ(core::read_file(run_ / "recipe.yaml"), "name: tiny\n");
  EXPECT_FALSE(fs::exists(run_ / "first" / "r1_state"));
  EXPECT_FALSE(fs::exists(run_ / "first" / "started.json"));
}

TEST_F(OrchestratorTest, AChangedConfigurationRunsTheStageAndWhatReadsItsNewBytes) {
  go();
  second_->config_ = "a: 2\n";
  EXPECT_THAT(go(), ElementsAre("second"));  // the same bytes come out: third has nothing to do
  second_->config_ = "a: 3\n";
  second_->keep = 5;
  EXPECT_THAT(go(), ElementsAre("second", "third"));
  EXPECT_EQ(core::read_file(run_ / "third" / "out.txt"), "hello");
}

TEST_F(OrchestratorTest, AChangedInputFromOutsideRunsItsReaderOnly) {
  third_->outside = run_.string() + "_outside.txt";
  core::write_file_atomic(third_->outside, "1");
  go();
  core::write_file_atomic(third_->outside, "2");
  EXPECT_THAT(go(), ElementsAre("third"));
  const fs::path moved = run_.string() + "_elsewhere";
  fs::remove_all(moved);
  fs::create_directories(moved);
  fs::rename(third_->outside, moved / third_->outside.filename());
  third_->outside = moved / third_->outside.filename();
  EXPECT_THAT(go(), ElementsAre());  // where the data lies does not matter
  fs::remove_all(moved);
}

TEST_F(OrchestratorTest, TheRunDirectoryCanBeMoved) {
  go();
  const fs::path moved = run_.string() + "_moved";
  fs::remove_all(moved);
  fs::rename(run_, moved);
  run_ = moved;
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(OrchestratorTest, AMissingOutputIsMadeAgainAnEditedOneIsRefused) {
  go();
  fs::remove(run_ / "second" / "out.txt");
  EXPECT_THAT(go(), ElementsAre("second"));
  core::write_file_atomic(run_ / "second" / "out.txt", "tampered");
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("second/out.txt: was changed after stage second wrote it"));
}

TEST_F(OrchestratorTest, AFailedStageResumesFromItsStateWhenNothingChanged) {
  second_->fails = true;
  EXPECT_EQ(error_of([&] { go(); }), "second fails");
  EXPECT_FALSE(fs::exists(run_ / "second" / "manifest.json"));
  second_->fails = false;
  EXPECT_THAT(go(), ElementsAre("second", "third"));
  EXPECT_TRUE(second_->resumed);
  EXPECT_FALSE(third_->resumed);
  EXPECT_THAT(sink_.rewinds, ElementsAre("first:0", "second:0", "third:0"));  // not again at the resume
}

TEST_F(OrchestratorTest, StateOfAnotherConfigurationIsThrownAway) {
  second_->fails = true;
  EXPECT_EQ(error_of([&] { go(); }), "second fails");
  second_->fails = false;
  second_->config_ = "a: 2\n";
  EXPECT_THAT(go(), ElementsAre("second", "third"));
  EXPECT_FALSE(second_->resumed);
}

TEST_F(OrchestratorTest, ARunDirectoryOfAnotherRecipeIsRefusedNamingBoth) {
  go("tiny");
  EXPECT_THAT(error_of([&] { go("other"); }), AllOf(HasSubstr("recipe tiny"), HasSubstr("recipe other")));
  EXPECT_EQ(core::read_file(run_ / "recipe.yaml"), "name: tiny\n");
}

TEST_F(OrchestratorTest, AStageDirectoryOfAnotherRecipeIsRefusedNamingBoth) {
  go("tiny");
  Manifest manifest = read_manifest(run_ / "second").value();
  manifest.recipe = "other";
  write_manifest(run_ / "second", manifest);
  EXPECT_THAT(error_of([&] { go("tiny"); }), AllOf(HasSubstr("recipe other"), HasSubstr("recipe tiny")));
  EXPECT_EQ(second_->runs, 1);
}

TEST_F(OrchestratorTest, AFolderWithOtherThingsIsLeftAlone) {
  core::write_file_atomic(run_ / "thesis.txt", "mine");
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("is not empty and no run directory"));
  EXPECT_FALSE(fs::exists(run_ / "run.json"));
}

TEST_F(OrchestratorTest, OneProcessAtATime) {
  const RunDirectory held(run_, "tiny", "name: tiny\n");
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("another r1 process"));
}

TEST_F(OrchestratorTest, MissingOutsideInputsAreFoundBeforeAnythingStarts) {
  third_->outside = "/nonexistent/data.jsonl";
  EXPECT_THAT(error_of([&] { check_outside_inputs(stages_, run_); }),
              AllOf(HasSubstr("stage third"), HasSubstr("/nonexistent/data.jsonl")));
  EXPECT_FALSE(fs::exists(run_));
}

TEST_F(OrchestratorTest, TheGraphDecidesTheOrderNotTheList) {
  std::swap(stages_[0], stages_[2]);
  EXPECT_THAT(go(), ElementsAre("first", "second", "third"));
  EXPECT_EQ(core::read_file(run_ / "third" / "out.txt"), "hello world");
}

TEST_F(OrchestratorTest, AChangedConfigurationIsNamedByItsLine) {
  second_->config_ = "a: 1\noptimizer:\n  kind: adamw\n  lr: 0.1\n";
  go();
  second_->config_ = "a: 1\noptimizer:\n  kind: adamw\n  lr: 0.2\n";
  ::testing::internal::CaptureStderr();
  go();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("optimizer.lr: 0.1 -> 0.2"));
}

TEST_F(OrchestratorTest, IndependentStagesRunSideBySideWithOneSinkAtATime) {
  std::atomic<int> present = 0;
  std::atomic<bool> met = false;
  for (const char* name : {"left", "right"}) {
    FakeStage* stage = add_stage(stages_, name, {"first/out.txt"});
    stage->takes.cores = 1;
    stage->during = [&](const StageContext& context) {
      ++present;
      for (int i = 0; i < 1000 && !met; ++i) {
        if (present == 2) met = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      for (int step = 1; step <= 200; ++step) context.metrics->rewind("x", step);
    };
  }
  options_.machine = {.cores = 2, .memory_bytes = 1e9};
  EXPECT_THAT(go(), ElementsAre("first", "second", "third", "left", "right"));
  EXPECT_TRUE(met);
  EXPECT_EQ(sink_.rewinds.size(), 5U + 400U);
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(OrchestratorTest, AFailureLetsTheStageBesideFinish) {
  std::atomic<int> present = 0;
  const auto meet = [&](const StageContext&) {
    ++present;
    for (int i = 0; i < 1000 && present < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  for (FakeStage* stage : {second_, add_stage(stages_, "beside", {"first/out.txt"})}) {
    stage->takes.cores = 1;
    stage->during = meet;
  }
  second_->fails = true;
  options_.machine = {.cores = 2, .memory_bytes = 1e9};
  EXPECT_EQ(error_of([&] { go(); }), "second fails");
  EXPECT_TRUE(fs::exists(run_ / "beside" / "manifest.json"));
  EXPECT_FALSE(fs::exists(run_ / "third"));
}

TEST_F(OrchestratorTest, FromRunsAStageAndAllThatDependOnIt) {
  add_stage(stages_, "other", {"first/out.txt"});
  go();
  options_.from = "second";
  EXPECT_THAT(go(), ElementsAre("second", "third"));
  options_.from = "secnd";
  EXPECT_THAT(error_of([&] { go(); }), AllOf(HasSubstr("--from"), HasSubstr("did you mean second?")));
}

TEST_F(OrchestratorTest, OnlyRunsTheNamedStages) {
  options_.only = {"third", "second"};
  EXPECT_THAT(error_of([&] { go(); }),
              AllOf(HasSubstr("stage second"), HasSubstr("first/out.txt"), HasSubstr("stage first makes")));
  EXPECT_FALSE(fs::exists(run_ / "second"));
  options_.only = {"first"};
  EXPECT_THAT(go(), ElementsAre("first"));
  options_.only = {"third"};
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("stage second makes"));
  options_.only = {"third", "second"};
  EXPECT_THAT(go(), ElementsAre("second", "third"));
  first_->config_ = "a: 2\n";
  first_->outside = "/nonexistent/data.jsonl";  // of no interest: first is left out
  EXPECT_THAT(go(), ElementsAre());
  options_.only = {"thrid"};
  EXPECT_THAT(error_of([&] { go(); }), AllOf(HasSubstr("--only"), HasSubstr("did you mean third?")));
}

TEST_F(OrchestratorTest, OnlyDoesNotReadWhatAnUnfinishedStageLeft) {
  second_->fails = true;
  second_->during = [](const StageContext& context) { core::write_file_atomic(context.directory / "out.txt", "half"); };
  EXPECT_EQ(error_of([&] { go(); }), "second fails");
  options_.only = {"third"};
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("stage second makes"));
}

TEST_F(OrchestratorTest, OnlySeesThatAnInputWasEdited) {
  go();
  core::write_file_atomic(run_ / "second" / "out.txt", "tampered");
  options_.only = {"third"};
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("second/out.txt: was changed after stage second wrote it"));
}

TEST_F(OrchestratorTest, WhatCanBeRefusedIsRefusedBeforeADirectoryIsMade) {
  options_.only = {"second"};
  EXPECT_THAT(error_of([&] { check_run(stages_, run_, options_); }), HasSubstr("first/out.txt"));
  options_.only = {"zero"};
  EXPECT_THAT(error_of([&] { check_run(stages_, run_, options_); }), HasSubstr("first, second, third"));
  EXPECT_FALSE(fs::exists(run_));
}

}  // namespace
}  // namespace r1::pipeline
