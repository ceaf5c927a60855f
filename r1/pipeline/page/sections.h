// The sections of the page and the few pieces of HTML that they share. Each function gives whole HTML, escaped, or ""
// when the run has nothing for it. Their order is page.cc's.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "r1/pipeline/page/report_data.h"

namespace r1::pipeline {

// markup.cc
std::string percent(const nlohmann::ordered_json& value);  // 0.932 -> "93.2%"; "–" for what is no number
std::string plain(const nlohmann::ordered_json& value);    // short_number, or "–"
std::string duration(double seconds);                      // "9.3 s", "12:05 min", "2:03:10 h"
std::string cell(const std::string& html, const std::string& css = "n", const std::string& title = "");
std::string result(const Check& check);  // "✓ pass", "✗ fail" or, without a target, "shown"
/// A table in a box that scrolls sideways by itself. `header` and `rows` are HTML.
std::string scroll_table(const std::string& header, const std::string& rows, const std::string& css = "");

// tiles.cc: key figures
std::string tiles(const ReportData& data);

// table.cc: models by measures, and comparisons between them (stage evaluate)
std::string model_table(const ReportData& data);
std::string comparison_table(const ReportData& data);

// curve_section.cc: curves by stage
std::string curve_section(const std::vector<Curve>& curves);

// eval_section.cc: two models on held-out problems (stage eval)
std::string family_table(const ReportData& data);
std::string before_and_after(const ReportData& data);

// samples.cc: the same problems answered by every model (stage evaluate)
std::string model_samples(const ReportData& data);

// lineage.cc: stages as boxes, what they read from each other as arrows (inline SVG)
std::string lineage(const std::vector<Manifest>& stages);

// stage_tables.cc: checks, what each stage took, its figures and configuration
std::string check_table(const std::vector<Check>& checks);
std::string cost_table(const std::vector<Manifest>& stages);
std::string stage_table(const std::vector<Manifest>& stages);

}  // namespace r1::pipeline
