// Sections in the order in which one reads: verdict, key figures, who is how good, curves, checks, answers, how it
// hangs together and what it took. No figure is computed here.
#include "r1/pipeline/page/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

std::string headline(const ReportData& data) {
  const auto wanted =
      std::count_if(data.checks.begin(), data.checks.end(), [](const Check& c) { return !c.target.empty(); });
  const auto passed =
      std::count_if(data.checks.begin(), data.checks.end(), [](const Check& c) { return !c.target.empty() && c.pass; });
  const std::string& title = data.config.title.empty() ? data.recipe : data.config.title;
  std::string out = fmt::format("<h1>{}</h1>\n", escape_html(title));
  if (!data.config.summary.empty()) out += fmt::format("<p class=\"soft\">{}</p>\n", escape_html(data.config.summary));
  if (wanted > 0)
    out += fmt::format("<span class=\"verdict {}\">{} of {} checks pass</span>\n", passed == wanted ? "pass" : "fail",
                       passed, wanted);
  return out;
}

}  // namespace

std::string report_html(const ReportData& data) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n";
  out += fmt::format("<title>{} – R1++</title>\n<style>{}</style></head>\n<body><main>\n", escape_html(data.recipe),
                     page_style());
  out += headline(data) + tiles(data) + model_table(data) + comparison_table(data);
  out += curve_section(data.curves) + check_table(data.checks);
  out += family_table(data) + before_and_after(data) + model_samples(data);
  out += lineage(data.stages) + cost_table(data.stages) + stage_table(data.stages);
  return out + "</main></body></html>\n";
}

}  // namespace r1::pipeline
