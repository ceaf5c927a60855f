// Tables of the whole run: its checks, what each stage took, its figures and configuration.
#include <fmt/format.h>

#include <cmath>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

/// Sum of the metrics called `name`, of the stage or of one of its trainings; NaN where there is none.
double sum_of(const Manifest& stage, const std::vector<std::string>& names) {
  double sum = std::nan("");
  for (const auto& [key, value] : stage.metrics)
    for (const std::string& name : names)
      if (key == name || key.ends_with("/" + name)) sum = (std::isnan(sum) ? 0.0 : sum) + value;
  return sum;
}

}  // namespace

std::string check_table(const std::vector<Check>& checks) {
  std::string rows;
  for (const Check& check : checks)
    rows += "<tr>" + cell(escape_html(check.name), "") + cell(short_number(check.value)) +
            cell(escape_html(check.target)) + cell(result(check), "") + "</tr>\n";
  return "<h2>Checks</h2>\n" +
         scroll_table("<th>check</th><th class=\"n\">value</th><th class=\"n\">target</th><th>result</th>", rows,
                      "checks");
}

std::string cost_table(const std::vector<Manifest>& stages) {
  double seconds = 0, flops = std::nan(""), tokens = std::nan("");
  const auto add = [](double& total, double value) {
    if (std::isfinite(value)) total = (std::isnan(total) ? 0.0 : total) + value;
  };
  std::string rows;
  for (const Manifest& stage : stages) {
    const double stage_flops = sum_of(stage, {"flops", "teacher_sampling_flops"});
    const double stage_tokens = sum_of(stage, {"tokens", "sampled_tokens"});
    seconds += stage.seconds;
    add(flops, stage_flops);
    add(tokens, stage_tokens);
    rows += "<tr>" + cell(escape_html(stage.stage), "") + cell(duration(stage.seconds)) +
            cell(short_number(stage_flops)) + cell(short_number(stage_tokens)) + "</tr>\n";
  }
  rows += "<tr class=\"total\">" + cell("all", "") + cell(duration(seconds)) + cell(short_number(flops)) +
          cell(short_number(tokens)) + "</tr>\n";
  return "<h2>Costs</h2>\n<p class=\"soft small\">Time on this machine; floating-point operations as counted from "
         "parameters and tokens, and tokens trained on or sampled, where a stage reports them.</p>\n" +
         scroll_table(
             "<th>stage</th><th class=\"n\">time</th><th class=\"n\">FLOP</th><th "
             "class=\"n\">tokens</th>",
             rows, "narrow");
}

std::string stage_table(const std::vector<Manifest>& stages) {
  std::string out =
      "<h2>Stages</h2>\n<div class=\"scroll\"><table><thead><tr><th>stage</th><th class=\"n\">time</th><th>figures</th>"
      "</tr></thead><tbody>\n";
  for (const Manifest& stage : stages) {
    std::string figures;
    for (const auto& [name, value] : stage.metrics)
      if (stage.stage != "eval" && stage.stage != "evaluate")
        figures += fmt::format("{} {} · ", escape_html(name), short_number(value));
    if (figures.empty()) figures = "see above   ";
    out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"soft small figures\">{}</td></tr>\n",
                       escape_html(stage.stage), duration(stage.seconds), figures.substr(0, figures.size() - 3));
  }
  out += "</tbody></table></div>\n";
  for (const Manifest& stage : stages)
    out += fmt::format("<details><summary>configuration of {}</summary><pre>{}</pre></details>\n",
                       escape_html(stage.stage), escape_html(stage.config));
  return out;
}

}  // namespace r1::pipeline
