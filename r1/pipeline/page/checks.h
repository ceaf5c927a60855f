// The checks of a report: which figures a run is judged by, and the targets that a recipe sets for them. Where the
// figures come from is report_data.h's matter.
#pragma once

#include <string>
#include <vector>

namespace r1::pipeline {

struct ReportConfig;
struct ReportData;

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

/// The names that a target may use, in the order of the report: stage eval's and the run's own; with `comparisons` of
/// stage evaluate, these, watch_alerts, and, where dev2_language_consistency and zero_language_consistency are among
/// them, language_shortfall_closed.
std::vector<std::string> check_names(const std::vector<std::string>& comparisons = {});

/// UserError for a target that can't be read or names no check (with the nearest), and for a comparison whose name is
/// that of another check.
void check_report_config(const ReportConfig& config, const std::vector<std::string>& comparisons = {});

/// The checks of a run with their targets. A target of a check that the run does not have is a failed check without
/// value: what was asked for was not shown.
std::vector<Check> make_checks(const ReportData& data);

}  // namespace r1::pipeline
