// The graph's decisions, with stages that copy text: what runs, what is skipped, what is refused, what a kill leaves.
#include "r1/pipeline/orchestrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct NullSink : core::MetricSink {
  void emit(const core::MetricRecord&) override {}
  void note(const std::string&, const std::string&) override {}
  void rewind(const std::string& stage, std::int64_t step) override {
    rewinds.push_back(stage + ":" + std::to_string(step));
  }
  std::vector<std::string> rewinds;
};

/// Writes out.txt = its text, or what it reads, cut to `keep` characters.
struct CopyStage : Stage {
  std::string name_, config_, text, reads;
  std::size_t keep = 100;
  fs::path outside;
  bool fails = false;
  mutable int runs = 0;
  mutable bool resumed = false;

  CopyStage(std::string name, std::string text_or_source) : name_(std::move(name)), config_("a: 1\n") {
    (text_or_source.find('/') == std::string::npos ? text : reads) = text_or_source;
  }
  std::string name() const override { return name_; }
  std::string config() const override { return config_; }
  std::vector<StageInput> inputs(const fs::path& run) const override {
    std::vector<StageInput> inputs;
    if (!reads.empty()) inputs.push_back(from_run(run, reads));
    if (!outside.empty()) inputs.push_back({"set/" + outside.filename().string(), outside, true});
    return inputs;
  }
  std::vector<std::string> outputs() const override { return {"out.txt"}; }
  Metrics run(const StageContext& context) const override {
    ++runs;
    resumed = fs::exists(context.state() / "checkpoint");
    core::write_file_atomic(context.state() / "checkpoint", "half");
    if (fails) user_error("{} fails", name_);
    const std::string source = reads.empty() ? text : core::read_file(context.run / reads);
    core::write_file_atomic(context.directory / "out.txt", source.substr(0, keep));
    return {{"size", static_cast<double>(source.size())}};
  }
};

class OrchestratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_orchestrator_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    auto add = [&](const char* name, const char* source) {
      stages_.push_back(std::make_unique<CopyStage>(name, source));
      return static_cast<CopyStage*>(stages_.back().get());
    };
    first_ = add("first", "hello world");
    second_ = add("second", "first/out.txt");
    third_ = add("third", "second/out.txt");
  }
  void TearDown() override { fs::remove_all(run_); }

  /// Which stages ran: "first second third".
  std::vector<std::string> go(const std::string& recipe = "tiny") {
    const RunDirectory directory(run_, recipe, "name: " + recipe + "\n");
    std::vector<std::string> ran;
    for (const StageOutcome& outcome : run_stages(stages_, directory, sink_))
      if (outcome.ran) ran.push_back(outcome.manifest.stage);
    return ran;
  }
  std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const UserError& e) {
      return e.what();
    }
    return "nothing thrown";
  }

  fs::path run_;
  StageList stages_;
  CopyStage *first_ = nullptr, *second_ = nullptr, *third_ = nullptr;
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

}  // namespace
}  // namespace r1::pipeline
