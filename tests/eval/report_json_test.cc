// The JSON is read back and compared with the report; NaN and broken UTF-8 must not break it.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/eval/evaluation.h"

namespace r1::eval {
namespace {

using nlohmann::json;

TEST(ReportJsonTest, HoldsEveryFigureUnderItsDocumentedName) {
  EvalReport report;
  report.samples_per_problem = 8;
  report.majority_threshold = 0.1;
  GroupReport& g = report.headline;
  g.num_problems = 3;
  g.pass_at_1 = {0.5, 0.1, 0.25, 0.75};
  g.pass_at_k = {{8, {0.875, 0.0, 0.875, 0.875}}};
  g.lenient_accuracy = {0.625, 0.0, 0.5, 0.75};
  g.format_rate = 0.25;
  g.mean_tokens = 12.5;
  g.truncated_share = 0.125;
  g.outcomes = {20, 1, 2, 1};
  GroupReport parity = g;
  parity.family = "parity";
  parity.level = 2;
  parity.majority_share = 0.5;
  parity.in_headline = false;
  report.levels = {parity};
  const json out = json::parse(to_json(report));
  EXPECT_EQ(out["samples_per_problem"], 8);
  EXPECT_EQ(out["majority_threshold"], 0.1);
  const json& headline = out["headline"];
  EXPECT_FALSE(headline.contains("family"));
  EXPECT_EQ(headline["num_problems"], 3);
  EXPECT_EQ(headline["pass@1"], json({{"value", 0.5}, {"standard_error", 0.1}, {"low", 0.25}, {"high", 0.75}}));
  EXPECT_EQ(headline["pass@8"]["value"], 0.875);
  EXPECT_EQ(headline["lenient_accuracy"]["low"], 0.5);
  EXPECT_EQ(headline["format_rate"], 0.25);
  EXPECT_EQ(headline["mean_tokens"], 12.5);
  EXPECT_EQ(headline["truncated_share"], 0.125);
  EXPECT_EQ(headline["outcomes"], json({{"scored", 20}, {"timeout", 1}, {"crash", 2}, {"unparseable", 1}}));
  ASSERT_EQ(out["levels"].size(), 1u);
  EXPECT_EQ(out["levels"][0]["family"], "parity");
  EXPECT_EQ(out["levels"][0]["level"], 2);
  EXPECT_EQ(out["levels"][0]["majority_share"], 0.5);
  EXPECT_EQ(out["levels"][0]["in_headline"], false);
  EXPECT_TRUE(out["families"].empty());
}

TEST(ReportJsonTest, NaNIsNull) {
  EvalReport report;
  report.headline.pass_at_1.value = std::nan("");
  report.headline.format_rate = std::nan("");
  const json out = json::parse(to_json(report));
  EXPECT_TRUE(out["headline"]["pass@1"]["value"].is_null());
  EXPECT_TRUE(out["headline"]["format_rate"].is_null());
}

TEST(ReportJsonTest, SamplesAreLinesWithIdentitiesAndSurviveBrokenUtf8) {
  data::Problem problem;
  problem.id = "sum-1";
  problem.family = "sum";
  problem.difficulty = 3;
  problem.prompt = "1+1?";
  problem.answer = "2";
  EvalItem item;
  item.sample = 5;
  item.text = "2\n\xe6\xad";
  item.verdict = {1.5, {{"accuracy", 1.0}, {"format", 0.5}}, reward::Outcome::Timeout, "late"};
  item.num_tokens = 4;
  item.finished = false;
  const std::string line = to_json_line(item, problem);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const json out = json::parse(line);
  EXPECT_EQ(out["id"], "sum-1");
  EXPECT_EQ(out["family"], "sum");
  EXPECT_EQ(out["level"], 3);
  EXPECT_EQ(out["sample"], 5);
  EXPECT_EQ(out["prompt"], "1+1?");
  EXPECT_EQ(out["answer"], "2");
  EXPECT_EQ(out["completion"], "2\n\xef\xbf\xbd");
  EXPECT_EQ(out["score"], 1.5);
  EXPECT_EQ(out["parts"]["format"], 0.5);
  EXPECT_EQ(out["outcome"], "timeout");
  EXPECT_EQ(out["why"], "late");
  EXPECT_EQ(out["lenient_correct"], false);
  EXPECT_EQ(out["num_tokens"], 4);
  EXPECT_EQ(out["finished"], false);
}

}  // namespace
}  // namespace r1::eval
