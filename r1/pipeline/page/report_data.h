// What a report says, gathered from a run directory: stages, checks, curves, tables, samples. Both report.json and
// report.html are made of this; neither reads a file itself.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "r1/core/config.h"
#include "r1/pipeline/manifest.h"

namespace r1::pipeline {

struct ReportConfig {
  std::string title;                 // of the page; empty: the recipe's name
  std::string summary;               // a sentence or two under the title: what this run shows
  std::vector<std::string> targets;  // "final_pass_at_1 >= 0.8": which checks must hold; others are only shown
};
void fields(core::FieldVisitor& v, ReportConfig& c);

/// A figure and what it should be.
struct Check {
  std::string name;
  double value = 0.0;
  std::string target;  // ">= 0.8"; empty: reported only
  bool pass = true;
};

struct Target {
  std::string name;
  std::string op;  // >= <= == > <
  double bound = 0.0;
};
/// "final_pass_at_1 >= 0.8". UserError when it can't be read.
Target parse_target(const std::string& text);

/// UserError for a target that can't be read or names no check (with the nearest).
void check_report_config(const ReportConfig& config);

/// A metric over the steps of a stage.
struct Curve {
  std::string stage;
  std::string metric;
  std::vector<std::pair<double, double>> points;  // step, value
};

struct ReportData {
  std::string recipe;
  ReportConfig config;
  std::vector<Manifest> stages;  // in the order they ran; without stage report itself
  double seconds = 0.0;          // of those stages
  std::vector<Check> checks;
  std::vector<Curve> curves;
  nlohmann::ordered_json eval;  // eval.json
};

/// Reads a run directory whose stages are complete. UserError names what is missing.
ReportData gather_report(const std::filesystem::path& run, const std::string& recipe, const ReportConfig& config);

/// The names of all checks, in their order.
const std::vector<std::string>& check_names();

/// {"recipe","seconds","stages":[{"name","seconds","metrics":{}}],"checks":[{"name","value","target","pass"}]}.
std::string report_json(const ReportData& data);

}  // namespace r1::pipeline
