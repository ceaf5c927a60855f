// A run with stage evaluate: the table of models, comparisons as checks, curves of many trainings, side-by-side
// answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/pipeline/page/page.h"
#include "r1/pipeline/page/report_data.h"
#include "r1/pipeline/page/sections.h"
#include "r1/pipeline/stages/report.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

const std::vector<std::string> kStages = {"corpus", "pretrain", "zero", "reasoning_rl", "reward_models", "evaluate"};

Json estimate(double value, double spread = 0.02) {
  return {{"value", value}, {"low", value - spread}, {"high", value + spread}, {"problems", 120}};
}

Json comparison(const std::string& name, const std::string& measure, const std::string& against, double value) {
  Json json = {{"name", name}, {"measure", measure}, {"model", "Dev2"}, {"against", against}};
  json.update(estimate(value));
  return json;
}

Json table() {
  Json json = {{"format", 1},
               {"measures", {"maths", "code", "language", "length"}},
               {"models", {{{"name", "Zero"}, {"folder", "zero/model"}}, {{"name", "Dev2"}, {"folder", "d/model"}}}},
               {"table",
                {{"Zero", {{"maths", estimate(0.75)}, {"language", estimate(0.6)}, {"length", estimate(40, 1.5)}}},
                 {"Dev2", {{"maths", estimate(0.5)}, {"language", estimate(0.9)}, {"length", estimate(31, 1)}}}}},
               {"comparisons",
                {comparison("zero_language_consistency", "language", "", 0.6),
                 comparison("dev2_language_consistency", "language", "", 0.9),
                 comparison("dev2_minus_zero", "maths", "Zero", -0.25)}}};
  const Json answer = {
      {"model", "Zero"}, {"completion", "<b>7</b>"}, {"right", true}, {"language", 0.5}, {"num_tokens", 9}};
  json["samples"] = Json::array({{{"prompt", "3+4=?"},
                                  {"answer", "7"},
                                  {"family", "chain_sum"},
                                  {"level", 1},
                                  {"answers", Json::array({answer})}}});
  return json;
}

class TableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_table_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    for (const std::string& stage : kStages) {
      Manifest manifest;
      manifest.stage = stage;
      manifest.recipe = "r1";
      manifest.seconds = 100;
      if (stage == "zero")
        manifest.metrics = {
            {"flops", 2e12}, {"sampled_tokens", 5000}, {"sampling_logp_difference_max", 0}, {"watch_alerts", 0}};
      if (stage == "reasoning_rl")
        manifest.metrics = {{"flops", 1e12}, {"sampling_logp_difference_max", 1e-6}, {"watch_alerts", 2}};
      if (stage == "reward_models")
        manifest.metrics = {{"helpful/flops", 3e11}, {"safe/flops", 2e11}, {"helpful/budget_flops", 9e15}};
      write_manifest(run_ / stage, manifest);
    }
    core::write_file_atomic(run_ / "evaluate" / "table.json", table().dump());
    std::string lines;
    for (int step = 1; step <= 40; ++step) {
      for (const char* stage : {"zero", "reasoning_rl"})
        lines +=
            fmt::format(R"({{"stage":"{}","step":{},"reward":0.5,"loss":1,"completions/mean_length":{},"grad_norm":1,)"
                        R"("watch/accuracy":0.75,"rewards/helpful/mean":0.25}})"
                        "\n",
                        stage, step, step < 21 ? 10 : 30);
      lines += fmt::format("{{\"stage\":\"reward_models/helpful\",\"step\":{},\"loss\":0.5,\"accuracy\":1}}\n", step);
      lines += fmt::format("{{\"stage\":\"elsewhere\",\"step\":{},\"loss\":0.5}}\n", step);
    }
    core::write_file_atomic(run_ / "metrics.jsonl", lines);
    config_.targets = {"dev2_minus_zero >= -0.3", "language_shortfall_closed >= 0.5", "watch_alerts == 0"};
  }
  void TearDown() override { fs::remove_all(run_); }

  ReportData data() { return gather_report(run_, "r1", config_, kStages); }

  fs::path run_;
  ReportConfig config_;
};

TEST_F(TableTest, ComparisonsAreChecks) {
  const ReportData gathered = data();
  std::vector<std::string> names;
  for (const Check& check : gathered.checks) names.push_back(check.name);
  EXPECT_EQ(names.size(), 9U);
  EXPECT_THAT(names, ElementsAre("zero_language_consistency", "dev2_language_consistency", "dev2_minus_zero",
                                 "language_shortfall_closed", "contaminated_test_problems",
                                 "sampling_logp_difference_max", "watch_alerts", "parameters", "seconds"));
  EXPECT_EQ(gathered.checks[2].value, -0.25);
  EXPECT_TRUE(gathered.checks[2].pass);
  EXPECT_NEAR(gathered.checks[3].value, 0.75, 1e-12);
  EXPECT_EQ(gathered.checks[5].value, 1e-6);  // the largest of all stages
  EXPECT_EQ(gathered.checks[6].value, 2);
  EXPECT_FALSE(gathered.checks[6].pass);
  EXPECT_EQ(gathered.checks[8].value, 600);
}

TEST_F(TableTest, TargetsMayNameThem) {
  const std::vector<std::string> comparisons = {"zero_language_consistency", "dev2_language_consistency",
                                                "dev2_minus_zero"};
  EXPECT_NO_THROW(check_report_config(config_, comparisons));
  EXPECT_THROW(check_report_config(config_, {"dev2_minus_zero"}), UserError);  // no shortfall without both
  EXPECT_THROW(check_report_config({}, {"seconds"}), UserError);
  EXPECT_THROW(check_report_config({}, {"a", "a"}), UserError);
}

TEST_F(TableTest, JsonHasTheTable) {
  const Json json = Json::parse(report_json(data()));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("recipe", "seconds", "stages", "checks", "table"));
  EXPECT_EQ(json["table"]["Zero"]["maths"], Json::parse(R"({"value":0.75,"low":0.73,"high":0.77})"));
  EXPECT_FALSE(json["table"]["Zero"].contains("code"));
}

TEST_F(TableTest, TheBestOfAColumnIsBoldButOfLengths) {
  const std::string html = model_table(data());
  EXPECT_THAT(html,
              HasSubstr("title=\"95% interval 73.0 – 77.0%, 120 problems\"><b>75.0%</b><small>73.0 – 77.0</small>"));
  EXPECT_THAT(html, AllOf(HasSubstr("<b>90.0%</b>"), HasSubstr(">50.0%<small>"), HasSubstr(">40<small>38.5 – 41.5")));
  EXPECT_THAT(html, Not(HasSubstr("code")));  // nobody was measured on it
}

TEST_F(TableTest, CurvesAreGroupedAndTheirChangesMarked) {
  const ReportData gathered = data();
  ASSERT_EQ(gathered.curves.size(), 12U);
  EXPECT_EQ(gathered.curves[1].metric, "completions/mean_length");
  ASSERT_TRUE(gathered.curves[1].change);
  EXPECT_EQ(gathered.curves[1].change->x, 21);
  EXPECT_EQ(gathered.curves[5].stage, "reasoning_rl");
  EXPECT_FALSE(gathered.curves[6].change);  // looked for in zero only
  EXPECT_EQ(gathered.curves[10].stage, "reward_models/helpful");
  const std::string html = curve_section(gathered.curves);
  EXPECT_THAT(html, AllOf(HasSubstr("Course changes at step 21: mean 10 before, 30 from there on."),
                          HasSubstr("<line class=\"mark\""), HasSubstr("Watch: accuracy"),
                          HasSubstr("<summary>2 more curves of zero</summary>"), HasSubstr("helpful: Loss"),
                          HasSubstr("<h3>Reinforcement learning for reasoning</h3>"), Not(HasSubstr("elsewhere"))));
}

TEST_F(TableTest, CostsAddUp) {
  const std::string html = cost_table(data().stages);
  EXPECT_THAT(html, HasSubstr("<td>reward_models</td><td class=\"n\">1:40 min</td><td class=\"n\">500G</td>"));
  EXPECT_THAT(html,
              HasSubstr("<td>all</td><td class=\"n\">10:00 min</td><td class=\"n\">3.5T</td><td class=\"n\">5000"));
}

TEST_F(TableTest, ThePageIsWholeAndEscaped) {
  const std::string html = report_html(data());
  EXPECT_THAT(html, AllOf(HasSubstr("60.0% → 90.0%"), HasSubstr("2 of 3 checks pass"), HasSubstr("-25.0 pp"),
                          HasSubstr("&lt;b&gt;7&lt;/b&gt;"), HasSubstr("language 50%")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("http")), Not(HasSubstr("src="))));
  EXPECT_THAT(html, Not(HasSubstr("base → after RL")));  // no stage eval, none of its sections
}

TEST_F(TableTest, TheStageReadsManifestsAndTheTable) {
  std::vector<std::string> names;
  for (const StageInput& input : ReportStage(config_, "r1", {"corpus", "evaluate"}).inputs(run_))
    names.push_back(input.name);
  EXPECT_THAT(names, ElementsAre("corpus/manifest.json", "evaluate/manifest.json", "evaluate/table.json"));
  names.clear();
  for (const StageInput& input : ReportStage(config_, "r1").inputs(run_)) names.push_back(input.name);
  EXPECT_EQ(names.back(), "eval/eval.json");
}

}  // namespace
}  // namespace r1::pipeline
