// What a report says, gathered from a run directory: stages, checks, curves, tables, samples. Both report.json and
// report.html are made of this; neither reads a file itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "r1/core/config.h"
#include "r1/pipeline/manifest.h"
#include "r1/pipeline/page/checks.h"
#include "r1/pipeline/page/curves.h"

namespace r1::pipeline {

struct ReportConfig {
  std::string title;                 // of the page; empty: the recipe's name
  std::string summary;               // a sentence or two under the title: what this run shows
  std::vector<std::string> targets;  // "final_pass_at_1 >= 0.8": which checks must hold; others are only shown
};
void fields(core::FieldVisitor& v, ReportConfig& c);

struct ReportData {
  std::string recipe;
  ReportConfig config;
  std::vector<Manifest> stages;  // in the order they ran; without stage report itself
  double seconds = 0.0;          // of those stages
  std::vector<Check> checks;
  std::vector<Curve> curves;
  nlohmann::ordered_json eval;   // eval.json; null without stage eval
  nlohmann::ordered_json table;  // table.json of stage evaluate; null without it
};

/// The stages of a recipe that ends with stage eval.
const std::vector<std::string>& default_report_stages();

/// Reads a run directory whose `stages` (without report) are complete. UserError names what is missing.
ReportData gather_report(const std::filesystem::path& run, const std::string& recipe, const ReportConfig& config,
                         const std::vector<std::string>& stages = default_report_stages());

/// {"recipe","seconds","stages":[{"name","seconds","metrics":{}}],"checks":[{"name","value","target","pass"}]} and,
/// with stage evaluate, "table": {MODEL: {MEASURE: {"value","low","high"}}}.
std::string report_json(const ReportData& data);

}  // namespace r1::pipeline
