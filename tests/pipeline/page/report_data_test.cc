// From a run directory to report.json and report.html: every figure is where it belongs, every text is escaped.
#include "r1/pipeline/page/report_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/pipeline/page/page.h"
#include "r1/pipeline/page/plot.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

Json estimate(double value) {
  return {{"value", value}, {"standard_error", 0.01}, {"low", value - 0.02}, {"high", value + 0.02}};
}

Json group(double pass, double lenient, double tokens) {
  return {{"num_problems", 500},         {"pass@1", estimate(pass)}, {"lenient_accuracy", estimate(lenient)},
          {"format_rate", pass + 0.125}, {"mean_tokens", tokens},    {"truncated_share", 0.0}};
}

Json report(double pass, double tokens) {
  Json json = {
      {"samples_per_problem", 1},         {"majority_threshold", 0.1}, {"headline", group(pass, pass + 0.0625, tokens)},
      {"all", group(pass, pass, tokens)}, {"families", Json::array()}, {"levels", Json::array()}};
  for (const char* family : {"chain_sum", "truth_value"}) {
    Json item = {{"family", family}, {"in_headline", std::string(family) != "truth_value"}, {"majority_share", 0.04}};
    item.update(group(pass, pass, tokens));
    json["families"].push_back(item);
    for (const int level : {1, 2, 3}) {
      Json leaf = item;
      leaf["level"] = level;
      json["levels"].push_back(leaf);
    }
  }
  return json;
}

Json sample(const std::string& completion, double accuracy) {
  return {{"id", "heldout-000000"}, {"family", "chain_sum"},    {"level", 2},      {"prompt", "7+4+1+0=?"},
          {"answer", "12"},         {"completion", completion}, {"num_tokens", 7}, {"parts", {{"accuracy", accuracy}}}};
}

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_report_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    for (const char* stage : {"corpus", "tokenizer", "pretrain", "zero", "eval"}) {
      Manifest manifest{.stage = stage,
                        .recipe = "tiny",
                        .config = "a: 1 # <&>\n",
                        .config_hash = "h",
                        .inputs = {},
                        .outputs = {},
                        .metrics = {},
                        .seconds = 10.5,
                        .code_version = "0.1.0"};
      if (manifest.stage == "corpus") manifest.metrics = {{"documents", 100}, {"contaminated_test_problems", 0}};
      if (manifest.stage == "zero") manifest.metrics = {{"sampling_logp_difference_max", 0}};
      if (manifest.stage == "pretrain") manifest.metrics = {{"parameters", 1234567}};
      write_manifest(run_ / stage, manifest);
    }
    Json sampled = report(0.3, 4);
    sampled["samples_per_problem"] = 64;
    sampled["headline"]["pass@8"] = estimate(0.5);
    sampled["headline"]["pass@64"] = estimate(0.75);
    const Json eval = {
        {"format", 1},
        {"before", report(0.32, 3)},
        {"after", report(0.72, 20)},
        {"before_samples", sampled},
        {"difference", estimate(0.72 - 0.32)},
        {"samples",
         {{{"before", sample("<answer>13</answer>", 0)},
           {"after", sample("<think>7+4+1+0;11+1+0;12</think><answer>12</answer><script>x</script>", 1)}}}}};
    core::write_file_atomic(run_ / "eval" / "eval.json", eval.dump());
    std::string lines;
    for (int step = 1; step <= 50; ++step)
      lines +=
          fmt::format("{{\"stage\":\"zero\",\"step\":{},\"reward\":{},\"kl\":\"NaN\"}}\n", step, 0.25 + 0.01 * step);
    core::write_file_atomic(run_ / "metrics.jsonl", lines + "{\"stage\":\"pretrain\",\"step\":20,\"loss\":2.5}\n");
    config_ = {.title = "A <title>",
               .summary = "",
               .targets = {"pass_at_1_gain >= 0.4", "final_pass_at_1 >= 0.8", "final_pass_at_1 <= 0.9",
                           "sampling_logp_difference_max == 0"}};
  }
  void TearDown() override { fs::remove_all(run_); }

  const Check& check(const ReportData& data, const std::string& name) {
    for (const Check& item : data.checks)
      if (item.name == name) return item;
    throw Error("no check " + name);
  }

  fs::path run_;
  ReportConfig config_;
};

TEST_F(ReportTest, ChecksTakeTheirValuesFromTheStages) {
  const ReportData data = gather_report(run_, "tiny", config_);
  EXPECT_EQ(check(data, "base_pass_at_1").value, 0.32);
  EXPECT_EQ(check(data, "final_pass_at_1").value, 0.72);
  EXPECT_NEAR(check(data, "lenient_gain").value, 0.4, 1e-12);
  EXPECT_EQ(check(data, "base_pass_at_k").value, 0.75);  // of the largest k
  EXPECT_EQ(check(data, "headline_families").value, 1);
  EXPECT_EQ(check(data, "headline_levels").value, 3);
  EXPECT_EQ(check(data, "final_mean_tokens").value, 20);
  EXPECT_EQ(check(data, "contaminated_test_problems").value, 0);
  EXPECT_EQ(check(data, "sampling_logp_difference_max").value, 0);
  EXPECT_EQ(check(data, "parameters").value, 1234567);
  EXPECT_EQ(check(data, "seconds").value, 52.5);
  const std::vector<std::string> names = check_names();
  ASSERT_EQ(data.checks.size(), names.size());
  for (std::size_t i = 0; i < data.checks.size(); ++i) EXPECT_EQ(data.checks[i].name, names[i]);
}

TEST_F(ReportTest, TargetsDecideAndRoundingDoesNot) {
  const ReportData data = gather_report(run_, "tiny", config_);
  EXPECT_TRUE(check(data, "pass_at_1_gain").pass);  // 0.72 - 0.32 < 0.4 in binary
  EXPECT_FALSE(check(data, "final_pass_at_1").pass);
  EXPECT_EQ(check(data, "final_pass_at_1").target, ">= 0.8, <= 0.9");
  EXPECT_TRUE(check(data, "sampling_logp_difference_max").pass);
  EXPECT_EQ(check(data, "base_pass_at_1").target, "");
}

TEST_F(ReportTest, AnUnknownValueHoldsNoTarget) {
  Manifest manifest = read_manifest(run_ / "zero").value();
  manifest.metrics.clear();
  write_manifest(run_ / "zero", manifest);
  const ReportData data = gather_report(run_, "tiny", config_);
  EXPECT_TRUE(std::isnan(check(data, "sampling_logp_difference_max").value));
  EXPECT_FALSE(check(data, "sampling_logp_difference_max").pass);
  EXPECT_THAT(report_json(data), HasSubstr("\"value\": null"));
}

TEST_F(ReportTest, JsonHasTheAgreedForm) {
  const Json json = Json::parse(report_json(gather_report(run_, "tiny", config_)));
  EXPECT_EQ(json["recipe"], "tiny");
  EXPECT_EQ(json["seconds"], 52.5);
  EXPECT_EQ(json["stages"][0], Json::parse(R"({"name":"corpus","seconds":10.5,
      "metrics":{"documents":100.0,"contaminated_test_problems":0.0}})"));
  EXPECT_EQ(json["checks"][1],
            Json::parse(R"({"name":"final_pass_at_1","value":0.72,"target":">= 0.8, <= 0.9","pass":false})"));
  EXPECT_EQ(json["checks"][0], Json::parse(R"({"name":"base_pass_at_1","value":0.32,"target":null,"pass":true})"));
}

TEST_F(ReportTest, CurvesLeaveOutWhatWasNotLogged) {
  const ReportData data = gather_report(run_, "tiny", config_);
  ASSERT_EQ(data.curves.size(), 2U);  // kl is NaN throughout, the others are absent
  EXPECT_EQ(data.curves[0].metric, "reward");
  EXPECT_EQ(data.curves[0].points.size(), 50U);
  EXPECT_EQ(data.curves[0].points.front(), (std::pair<double, double>(1, 0.26)));
  EXPECT_EQ(data.curves[1].metric, "loss");
  EXPECT_TRUE(data.table.is_null());
}

TEST_F(ReportTest, ThePageEscapesAndNeedsNothingElse) {
  const std::string html = report_html(gather_report(run_, "tiny", config_));
  EXPECT_THAT(html, AllOf(HasSubstr("A &lt;title&gt;"), HasSubstr("&lt;script&gt;x&lt;/script&gt;"),
                          HasSubstr("&lt;answer&gt;13&lt;/answer&gt;"), HasSubstr("# &lt;&amp;&gt;")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("http")), Not(HasSubstr("src="))));
  EXPECT_THAT(html,
              AllOf(HasSubstr("32.0% → 72.0%"), HasSubstr("pass@64 of the base"), HasSubstr("2 of 3 checks pass")));
}

TEST_F(ReportTest, AnUnfinishedRunIsNamed) {
  fs::remove(run_ / "eval" / "manifest.json");
  try {
    gather_report(run_, "tiny", config_);
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("stage eval is not complete"));
  }
}

TEST_F(ReportTest, ATargetThatTheRunCannotShowFails) {
  config_.targets = {"zero_minus_base >= 0.1"};
  const ReportData data = gather_report(run_, "tiny", config_);
  EXPECT_EQ(data.checks.back().name, "zero_minus_base");
  EXPECT_EQ(data.checks.back().target, ">= 0.1");
  EXPECT_FALSE(data.checks.back().pass);
}

TEST(ReportConfigTest, TargetsAreChecked) {
  auto error_of = [](const std::string& target) -> std::string {
    try {
      check_report_config({.title = "", .summary = "", .targets = {target}});
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(error_of("final_pass_at_1 >= 0.8"), "");
  EXPECT_THAT(error_of("final_pas_at_1 >= 0.8"), HasSubstr("did you mean final_pass_at_1?"));
  EXPECT_THAT(error_of("final_pass_at_1 => 0.8"), HasSubstr("can't be read"));
  EXPECT_THAT(error_of("final_pass_at_1 >= much"), HasSubstr("can't be read"));
  EXPECT_THAT(error_of("final_pass_at_1 >= 0.8 0.9"), HasSubstr("can't be read"));
}

}  // namespace
}  // namespace r1::pipeline
