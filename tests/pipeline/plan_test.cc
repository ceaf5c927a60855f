// --plan: why each stage would run, what is missing, amounts; and that a plan says what the run then does.
#include "r1/pipeline/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "r1/core/fs.h"
#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class PlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_plan_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    first_ = add_stage(stages_, "first");
    first_->text = "hello";
    second_ = add_stage(stages_, "second", {"first/out.txt"});
    third_ = add_stage(stages_, "third", {"second/out.txt", "first/out.txt"});
  }
  void TearDown() override { fs::remove_all(run_); }

  void go() {
    const RunDirectory directory(run_, "tiny", "name: tiny\n");
    run_stages(stages_, directory, sink_, options_);
  }
  RunPlan plan() { return plan_run(stages_, run_, "tiny", options_); }
  /// "runs: new" or "complete" of each stage.
  std::vector<std::string> reasons() {
    std::vector<std::string> out;
    for (const PlannedStage& stage : plan().stages) out.push_back((stage.runs ? "runs: " : "") + stage.why);
    return out;
  }

  fs::path run_;
  StageList stages_;
  FakeStage *first_ = nullptr, *second_ = nullptr, *third_ = nullptr;
  RunOptions options_;
  NullSink sink_;
};

TEST_F(PlanTest, BeforeTheFirstRunNothingIsThereAndNothingIsMade) {
  first_->outside = "/nonexistent/data.jsonl";
  const RunPlan planned = plan();
  EXPECT_THAT(reasons(), ElementsAre("runs: new", "runs: new", "runs: new"));
  EXPECT_EQ(planned.stages[0].inputs[0].state, "missing: /nonexistent/data.jsonl");
  EXPECT_EQ(planned.stages[1].inputs[0].state, "stage first makes it");
  EXPECT_THAT(to_text(planned), AllOf(HasSubstr("(not there yet)"), HasSubstr("3 of 3 stages run"),
                                      HasSubstr("set/data.jsonl  (missing: /nonexistent/data.jsonl)"),
                                      HasSubstr("inputs that are missing: 1")));
  EXPECT_FALSE(fs::exists(run_));
}

TEST_F(PlanTest, EachReasonIsNamed) {
  first_->outside = run_.string() + "_outside.txt";
  core::write_file_atomic(first_->outside, "1");
  go();
  EXPECT_THAT(reasons(), ElementsAre("complete", "complete", "complete"));
  second_->config_ = "a: 2\n";
  EXPECT_THAT(reasons(), ElementsAre("complete", "runs: its configuration changed: a: 1 -> 2",
                                     "runs: depends on stage second, which runs"));
  second_->config_ = "a: 1\n";
  core::write_file_atomic(first_->outside, "2");
  EXPECT_THAT(reasons(),
              ElementsAre("runs: input set/" + first_->outside.filename().string() + " changed",
                          "runs: depends on stage first, which runs", "runs: depends on stage first, which runs"));
  core::write_file_atomic(first_->outside, "1");
  fs::remove(run_ / "third" / "out.txt");
  EXPECT_THAT(reasons(), ElementsAre("complete", "complete", "runs: an output is missing"));
  core::write_file_atomic(run_ / "second" / "out.txt", "tampered");
  EXPECT_THAT(reasons()[1], AllOf(HasSubstr("refused: "), HasSubstr("was changed after stage second wrote it")));
  fs::remove(first_->outside);
}

TEST_F(PlanTest, AnUnfinishedStageSaysWhetherItGoesOn) {
  second_->fails = true;
  EXPECT_EQ(error_of([&] { go(); }), "second fails");
  EXPECT_THAT(reasons(), ElementsAre("complete", "runs: unfinished", "runs: new"));
  second_->config_ = "a: 2\n";
  EXPECT_THAT(reasons(), ElementsAre("complete", "runs: unfinished, for other work", "runs: new"));
}

TEST_F(PlanTest, FromAndOnlyAreHeld) {
  go();
  options_.from = "second";
  EXPECT_THAT(reasons(), ElementsAre("complete", "runs: --from second", "runs: --from second"));
  options_.from = "";
  options_.only = {"third"};
  EXPECT_THAT(reasons(), ElementsAre("left out by --only", "left out by --only", "complete"));
  fs::remove_all(run_ / "second");
  EXPECT_EQ(plan().stages[2].inputs[0].state, "missing: stage second makes it");
  options_.only = {"thrid"};
  EXPECT_THAT(error_of([&] { plan(); }), HasSubstr("did you mean third?"));
}

TEST_F(PlanTest, ADirectoryOfAnotherRecipeIsRefused) {
  go();
  EXPECT_THAT(error_of([&] { plan_run(stages_, run_, "other", options_); }), HasSubstr("belongs to recipe tiny"));
}

TEST_F(PlanTest, ConditionsAreShownWithTheirFigures) {
  options_.conditions = {{.stage = "second", .metric = "size", .at_least = 3}};
  EXPECT_THAT(plan().stages[1].conditions, ElementsAre("size at least 3, otherwise stop"));
  go();
  EXPECT_THAT(plan().stages[1].conditions, ElementsAre("size at least 3, otherwise stop; it is 5, which holds"));
}

TEST_F(PlanTest, WorkAndAmountsAreSummed) {
  first_->planned = {.work = "20,000 generated documents", .memory_bytes = 2e9, .flops = 3e12};
  first_->takes = {.cores = 2, .gpus = 1};
  second_->planned = {.work = "150 steps", .memory_bytes = 5e8, .flops = 4.5e14};
  EXPECT_THAT(to_text(plan()),
              AllOf(HasSubstr("20,000 generated documents"), HasSubstr("2 cores, 1 GPU, 2 GB of memory, 3 TFLOP"),
                    HasSubstr("all cores, 500 MB of memory, 450 TFLOP"),
                    HasSubstr("3 of 3 stages run, 453 TFLOP in all, at most 2 GB of memory in one stage")));
  go();
  EXPECT_THAT(to_text(plan()), AllOf(HasSubstr("0 of 3 stages run\n"), Not(HasSubstr("in all"))));
}

TEST_F(PlanTest, AmountsHaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(human_amount(0, "B"), "0 B");
  EXPECT_EQ(human_amount(999, "B"), "999 B");
  EXPECT_EQ(human_amount(999.7, "B"), "1 kB");
  EXPECT_EQ(human_amount(1536, "B"), "1.54 kB");
  EXPECT_EQ(human_amount(2.5e18, "FLOP"), "2.5 EFLOP");
}

}  // namespace
}  // namespace r1::pipeline
