// Every figure is looked up where its stage wrote it: manifests (metrics of stages), eval.json, table.json,
// metrics.jsonl.
#include "r1/pipeline/page/report_data.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json parse_file(const fs::path& file) {
  Json json = Json::parse(core::read_file(file), nullptr, false);
  if (!json.is_object()) user_error("{}: is no JSON object", file.string());
  return json;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Model by measure, values with their intervals.
Json short_table(const Json& table) {
  Json out = Json::object();
  for (const auto& [model, row] : table.at("table").items()) {
    out[model] = Json::object();
    for (const auto& [measure, estimate] : row.items())
      out[model][measure] = {
          {"value", estimate.at("value")}, {"low", estimate.at("low")}, {"high", estimate.at("high")}};
  }
  return out;
}

}  // namespace

void fields(core::FieldVisitor& v, ReportConfig& c) {
  v("title", c.title, "of the page; empty: the recipe's name");
  v("summary", c.summary, "a sentence or two under the title");
  v("targets", c.targets, "checks that must hold, as \"final_pass_at_1 >= 0.8\"; the others are only shown");
}

const std::vector<std::string>& default_report_stages() {
  static const std::vector<std::string> stages = {"corpus", "tokenizer", "pretrain", "zero", "eval"};
  return stages;
}

ReportData gather_report(const fs::path& run, const std::string& recipe, const ReportConfig& config,
                         const std::vector<std::string>& stages) {
  ReportData data;
  data.recipe = recipe;
  data.config = config;
  for (const std::string& stage : stages) {
    std::optional<Manifest> manifest = read_manifest(run / stage);
    if (!manifest) user_error("{}: stage {} is not complete; finish it with r1 run", run.string(), stage);
    data.seconds += manifest->seconds;
    data.stages.push_back(std::move(*manifest));
  }
  const auto has = [&](const char* stage) { return std::find(stages.begin(), stages.end(), stage) != stages.end(); };
  if (has("eval")) data.eval = parse_file(run / "eval" / "eval.json");
  if (has("evaluate")) data.table = parse_file(run / "evaluate" / "table.json");
  data.curves = read_curves(run / "metrics.jsonl", stages);
  data.checks = make_checks(data);
  return data;
}

std::string report_json(const ReportData& data) {
  Json json = {
      {"recipe", data.recipe}, {"seconds", data.seconds}, {"stages", Json::array()}, {"checks", Json::array()}};
  for (const Manifest& stage : data.stages) {
    Json metrics = Json::object();
    for (const auto& [name, value] : stage.metrics) metrics[name] = number_or_null(value);
    json["stages"].push_back({{"name", stage.stage}, {"seconds", stage.seconds}, {"metrics", metrics}});
  }
  for (const Check& check : data.checks)
    json["checks"].push_back({{"name", check.name},
                              {"value", number_or_null(check.value)},
                              {"target", check.target.empty() ? Json(nullptr) : Json(check.target)},
                              {"pass", check.pass}});
  if (data.table.is_object()) json["table"] = short_table(data.table);
  return json.dump(2) + "\n";
}

}  // namespace r1::pipeline
