// Conditions: what is checked at the start, and whole runs that stop, repeat, are killed in between, and are asked
// again.
#include "r1/pipeline/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <map>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/pipeline/orchestrator.h"
#include "tests/pipeline/fake_stages.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// first -> second -> third; a stage's figure "score" is its setting, as is its text.
class ConditionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_condition_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    options_.rebuild = [this](const std::vector<std::string>& sets) { return stages(sets); };
  }
  void TearDown() override { fs::remove_all(run_); }

  StageList stages(const std::vector<std::string>& sets) {
    std::map<std::string, std::string> settings = recipe_;
    for (const std::string& set : sets) {
      const std::size_t equals = set.find('=');
      if (!settings.contains(set.substr(0, equals))) user_error("unknown key {}", set);
      settings[set.substr(0, equals)] = set.substr(equals + 1);
    }
    StageList list;
    add_stage(list, "first");
    add_stage(list, "second", {"first/out.txt"});
    add_stage(list, "third", {"second/out.txt"});
    for (const auto& stage : list) {
      auto* fake = static_cast<FakeStage*>(stage.get());
      const std::string setting = settings.at(fake->name_);
      fake->text = setting + ";";
      fake->config_ = "setting: " + setting + "\n";
      fake->figures = {{"score", setting == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::stod(setting)}};
      fake->during = [this, setting, name = fake->name_](const StageContext& context) {
        ran_.push_back(name + "=" + setting + (fs::exists(context.directory / "mark") ? " resumed" : ""));
        core::write_file_atomic(context.directory / "mark", "");
        if (killed_ == name + "=" + setting) user_error("killed");
      };
    }
    return list;
  }

  /// What ran: "first=1".
  std::vector<std::string> go() {
    ran_.clear();
    const StageList list = stages({});
    check_run(list, run_, options_);
    const RunDirectory directory(run_, "tiny", "name: tiny\n");
    run_stages(list, directory, sink_, options_);
    return ran_;
  }
  std::string check(const StageCondition& condition) {
    options_.conditions = {condition};
    return error_of([&] { check_conditions(options_.conditions, stages({}), run_, options_.rebuild); });
  }

  fs::path run_;
  std::map<std::string, std::string> recipe_ = {{"first", "1"}, {"second", "1"}, {"third", "1"}};
  RunOptions options_;
  std::vector<std::string> ran_;
  std::string killed_;
  NullSink sink_;
};

StageCondition at_least(double bound) { return {.stage = "second", .metric = "score", .at_least = bound}; }

StageCondition repeating(double bound, std::vector<std::string> changes, std::int64_t repeats = 1) {
  StageCondition condition = at_least(bound);
  condition.otherwise = "repeat";
  condition.changes = std::move(changes);
  condition.repeats = repeats;
  return condition;
}

TEST_F(ConditionTest, BoundsHoldInclusivelyAndNeverForNaN) {
  const StageCondition both{.stage = "s", .metric = "m", .at_least = 1, .at_most = 2};
  EXPECT_TRUE(holds(both, 1) && holds(both, 2));
  EXPECT_FALSE(holds(both, 0.999) || holds(both, 2.001) || holds(both, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(bound_text(both), "between 1 and 2");
  EXPECT_EQ(bound_text(at_least(0.5)), "at least 0.5");
  EXPECT_EQ(bound_text({.stage = "s", .metric = "m", .at_most = 2}), "at most 2");
}

TEST_F(ConditionTest, AConditionReadsBackFromYaml) {
  StageCondition back;
  core::load_config_text(core::dump_config(repeating(0.5, {"second=2"})), "dump", {}, back);
  EXPECT_EQ(back.at_least, 0.5);
  EXPECT_EQ(back.at_most, std::numeric_limits<double>::infinity());
  EXPECT_THAT(back.changes, ElementsAre("second=2"));
}

TEST_F(ConditionTest, MistakesAreSaidAtTheStart) {
  StageCondition condition = at_least(1);
  EXPECT_EQ(check(condition), "nothing thrown");
  condition.stage = "secnd";
  EXPECT_THAT(check(condition), AllOf(HasSubstr("conditions"), HasSubstr("did you mean second?")));
  condition = at_least(1);
  condition.at_most = 0;
  EXPECT_THAT(check(condition), HasSubstr("at least 1 and at most 0"));
  EXPECT_THAT(check({.stage = "second", .metric = "score"}), HasSubstr("has no bound"));
  EXPECT_THAT(check({.stage = "second", .metric = "", .at_least = 1}), HasSubstr("metric is missing"));
  condition = at_least(1);
  condition.otherwise = "again";
  EXPECT_THAT(check(condition), HasSubstr("neither stop nor repeat"));
  EXPECT_THAT(check(repeating(1, {})), HasSubstr("needs changes"));
  EXPECT_THAT(check(repeating(1, {"nothing=2"})), HasSubstr("unknown key nothing=2"));
  EXPECT_THAT(check(repeating(1, {"third=2"})), HasSubstr("change neither stage second nor"));
  EXPECT_THAT(check(repeating(1, {"second=2"}, 2)), HasSubstr("would all be the same"));
  EXPECT_EQ(check(repeating(1, {"second={n}1"}, 2)), "nothing thrown");
  EXPECT_EQ(check(repeating(1, {"first=2"})), "nothing thrown");
}

TEST_F(ConditionTest, OneThatHoldsChangesNothing) {
  options_.conditions = {at_least(1), repeating(1, {"second=5"})};
  EXPECT_THAT(go(), ElementsAre("first=1", "second=1", "third=1"));
  EXPECT_FALSE(fs::exists(run_ / kChangesFile));
}

TEST_F(ConditionTest, StopSaysWhatWasMeasuredEachTimeItIsAsked) {
  options_.conditions = {at_least(1.5)};
  for (int i = 0; i < 2; ++i)  // the second time second is found complete
    EXPECT_THAT(error_of([&] { go(); }), AllOf(HasSubstr("stage second: score is 1"), HasSubstr("at least 1.5"),
                                               HasSubstr("run the same command again")));
  EXPECT_TRUE(fs::exists(run_ / "second" / "manifest.json"));
  EXPECT_FALSE(fs::exists(run_ / "third"));
  options_.conditions = {at_least(1)};
  EXPECT_THAT(go(), ElementsAre("third=1"));
}

TEST_F(ConditionTest, AnUnknownFigureIsNamedWithTheNearest) {
  StageCondition condition = at_least(1);
  condition.metric = "scoer";
  options_.conditions = {condition};
  EXPECT_THAT(error_of([&] { go(); }), AllOf(HasSubstr("\"scoer\""), HasSubstr("did you mean score?")));
}

TEST_F(ConditionTest, RepeatRunsTheStageWithTheChangesAndIsRemembered) {
  options_.conditions = {repeating(2, {"second=3"})};
  EXPECT_THAT(go(), ElementsAre("first=1", "second=1", "second=3", "third=1"));
  EXPECT_EQ(core::read_file(run_ / "third" / "out.txt"), "1;3;1;");
  const std::vector<FailedCondition> journal = read_changes(run_);
  ASSERT_EQ(journal.size(), 1U);
  EXPECT_EQ(journal[0].stage, "second");
  EXPECT_EQ(journal[0].value, 1);
  EXPECT_EQ(journal[0].identity, lineage_of(stages({}), run_, "second"));
  EXPECT_THAT(journal[0].changes, ElementsAre("second=3"));
  EXPECT_THAT(go(), ElementsAre());
  const fs::path moved = run_.string() + "_moved";
  fs::remove_all(moved);
  fs::rename(run_, moved);
  run_ = moved;
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(ConditionTest, ChangesMayConcernAnEarlierStage) {
  StageCondition condition = repeating(3, {"first=2", "third=4"});
  condition.stage = "third";
  options_.conditions = {condition};
  EXPECT_THAT(go(), ElementsAre("first=1", "second=1", "third=1", "first=2", "second=1", "third=4"));
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(ConditionTest, RepeatsAreNumberedAndLimited) {
  options_.conditions = {repeating(100, {"second={n}1"}, 2)};
  const std::string message = error_of([&] { go(); });
  EXPECT_THAT(ran_, ElementsAre("first=1", "second=1", "second=11", "second=21"));
  EXPECT_THAT(message, AllOf(HasSubstr("score is 21"), HasSubstr("at least 100"), HasSubstr("after 2 repeats")));
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("after 2 repeats"));
  EXPECT_THAT(ran_, ElementsAre());
  options_.conditions[0].repeats = 3;
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("after 3 repeats"));
  EXPECT_THAT(ran_, ElementsAre("second=31"));
  options_.conditions[0].at_least = 11;  // what was measured first still fails, the first repeat does not
  EXPECT_THAT(go(), ElementsAre("second=11", "third=1"));
}

TEST_F(ConditionTest, AFigureThatIsNotFiniteRepeats) {
  recipe_["second"] = "nan";
  options_.conditions = {repeating(0, {"second=3"})};
  EXPECT_THAT(go(), ElementsAre("first=1", "second=nan", "second=3", "third=1"));
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(ConditionTest, AKillInTheRepeatGoesOnWhereItWas) {
  options_.conditions = {repeating(2, {"second=3"})};
  killed_ = "second=3";
  EXPECT_EQ(error_of([&] { go(); }), "killed");
  killed_ = "";
  EXPECT_THAT(go(), ElementsAre("second=3 resumed", "third=1"));
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(ConditionTest, AKillBetweenTheStageAndTheJournalLosesNothing) {
  options_.conditions = {repeating(2, {"second=3"})};
  killed_ = "third=1";  // without the condition: second is finished, nothing is in the journal
  options_.conditions.clear();
  EXPECT_EQ(error_of([&] { go(); }), "killed");
  killed_ = "";
  options_.conditions = {repeating(2, {"second=3"})};
  EXPECT_THAT(go(), ElementsAre("second=3", "third=1"));
}

TEST_F(ConditionTest, AKillBetweenTheJournalAndTheRepeatLosesNothing) {
  options_.conditions = {at_least(2)};
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("score is 1"));
  options_.conditions = {repeating(2, {"second=3"})};
  append_change(run_, {.stage = "second",
                       .metric = "score",
                       .value = 1,
                       .identity = lineage_of(stages({}), run_, "second"),
                       .changes = {"second=3"}});
  EXPECT_THAT(go(), ElementsAre("second=3", "third=1"));
  EXPECT_EQ(read_changes(run_).size(), 1U);
}

TEST_F(ConditionTest, AnEditedRecipeIsMeasuredAnew) {
  options_.conditions = {repeating(2, {"second=3"})};
  go();
  recipe_["first"] = "7";  // second is made of other things now
  EXPECT_THAT(go(), ElementsAre("first=7", "second=1", "second=3", "third=1"));
  recipe_["first"] = "1";  // as in the first run, which is still in the journal
  EXPECT_THAT(go(), ElementsAre("first=1", "second=3", "third=1"));
}

TEST_F(ConditionTest, OnlyDoesNotRepeatButKnowsTheChanges) {
  options_.conditions = {repeating(2, {"second=3"})};
  options_.only = {"first", "second"};
  EXPECT_THAT(error_of([&] { go(); }), AllOf(HasSubstr("without --only"), HasSubstr("second=3")));
  options_.only.clear();
  go();
  options_.only = {"second"};
  EXPECT_THAT(go(), ElementsAre());
}

TEST_F(ConditionTest, FromRunsNothingTwice) {
  options_.conditions = {repeating(2, {"second=3"})};
  options_.from = "first";
  EXPECT_THAT(go(), ElementsAre("first=1", "second=1", "second=3", "third=1"));
  EXPECT_THAT(go(), ElementsAre("first=1", "second=3", "third=1"));
}

TEST_F(ConditionTest, ABrokenJournalIsRefused) {
  options_.conditions = {repeating(2, {"second=3"})};
  go();
  core::write_file_atomic(run_ / kChangesFile, R"({"format": 9, "failed": []})");
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("format 9 is not 1"));
  core::write_file_atomic(run_ / kChangesFile, "[]");
  EXPECT_THAT(error_of([&] { go(); }), HasSubstr("is no journal"));
}

}  // namespace
}  // namespace r1::pipeline
