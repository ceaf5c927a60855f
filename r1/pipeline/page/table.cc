// DeepSeek-R1's table 3 of this run: models by measures, and the paired comparisons that the recipe asks for.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLength = "length";  // tokens; every other measure is a share

std::string figure(const std::string& measure, const Json& value) {
  return measure == kLength ? plain(value) : percent(value);
}

/// "83.0 – 89.5", the unit left to the figure above it.
std::string interval(const std::string& measure, const Json& estimate) {
  const Json &low = estimate.at("low"), &high = estimate.at("high");
  if (!low.is_number() || !high.is_number()) return "";
  const double unit = measure == kLength ? 1.0 : 100.0;
  const char* between = low.get<double>() < 0 ? "to" : "–";  // a dash beside a minus is hard to read
  return fmt::format("{:.1f} {} {:.1f}", unit * low.get<double>(), between, unit * high.get<double>());
}

std::string hint(const std::string& measure, const Json& estimate) {
  const std::string range = interval(measure, estimate);
  if (range.empty()) return "";
  return fmt::format("95% interval {}{}, {} problems", range, measure == kLength ? " tokens" : "%",
                     plain(estimate.value("problems", Json())));
}

/// The estimate of a model; null where it was not asked.
Json at(const Json& table, const std::string& model, const std::string& measure) {
  const Json& rows = table.at("table");
  return rows.contains(model) && rows.at(model).contains(measure) ? rows.at(model).at(measure) : Json();
}

double best_of(const Json& table, const std::string& measure) {
  double best = -std::numeric_limits<double>::infinity();
  for (const Json& model : table.at("models")) {
    const Json estimate = at(table, model.at("name").get<std::string>(), measure);
    if (estimate.is_object() && estimate.at("value").is_number())
      best = std::max(best, estimate.at("value").get<double>());
  }
  return best;
}

std::vector<std::string> measured(const Json& table) {
  std::vector<std::string> out;
  for (const Json& measure : table.at("measures"))
    if (std::isfinite(best_of(table, measure.get<std::string>()))) out.push_back(measure.get<std::string>());
  return out;
}

std::string model_row(const Json& table, const std::string& model, const std::vector<std::string>& measures) {
  std::string out;
  for (const std::string& measure : measures) {
    const Json estimate = at(table, model, measure);
    if (!estimate.is_object() || !estimate.at("value").is_number()) {
      out += cell("–");
      continue;
    }
    const std::string value = figure(measure, estimate.at("value"));
    const bool best = measure != kLength && estimate.at("value").get<double>() == best_of(table, measure);
    out += cell(fmt::format("{}<small>{}</small>", best ? "<b>" + value + "</b>" : value, interval(measure, estimate)),
                "n", hint(measure, estimate));
  }
  return out;
}

/// "+12.3 pp" of a difference, "93.1%" of a model's own figure.
std::string compared(const Json& comparison) {
  const std::string measure = comparison.at("measure").get<std::string>();
  const Json& value = comparison.at("value");
  if (comparison.value("against", "").empty() || !value.is_number()) return figure(measure, value);
  return measure == kLength ? fmt::format("{:+.1f}", value.get<double>())
                            : fmt::format("{:+.1f} pp", 100 * value.get<double>());
}

}  // namespace

std::string model_table(const ReportData& data) {
  if (!data.table.is_object()) return "";
  const std::vector<std::string> measures = measured(data.table);
  std::string header = "<th>model</th>", rows;
  for (const std::string& measure : measures) header += fmt::format("<th class=\"n\">{}</th>", escape_html(measure));
  for (const Json& entry : data.table.at("models")) {
    const std::string model = entry.at("name").get<std::string>();
    rows += "<tr>" + cell(escape_html(model), "model", entry.value("folder", "")) +
            model_row(data.table, model, measures) + "</tr>\n";
  }
  const bool judged = std::find(measures.begin(), measures.end(), "helpful") != measures.end();
  return std::string(
             "<h2>Every model on every measure</h2>\n<p class=\"soft small\">Answers to held-out "
             "problems and prompts, with 95% intervals (bootstrap over problems); the best of a column is bold. "
             "Answers are greedy where rules can check them and sampled where not. Length is in tokens an answer.") +
         (judged ? " Helpful and safe are mean rewards of two judges that training never saw." : "") + "</p>\n" +
         scroll_table(header, rows, "models");
}

std::string comparison_table(const ReportData& data) {
  if (!data.table.is_object() || data.table.at("comparisons").empty()) return "";
  std::string rows;
  for (const Json& comparison : data.table.at("comparisons")) {
    const std::string name = comparison.at("name").get<std::string>();
    const std::string measure = comparison.at("measure").get<std::string>();
    const std::string against = comparison.value("against", "");
    const auto check = std::find_if(data.checks.begin(), data.checks.end(),
                                    [&](const Check& candidate) { return candidate.name == name; });
    const Check shown = check == data.checks.end() ? Check{.name = name, .value = 0, .target = ""} : *check;
    rows += "<tr>" + cell(escape_html(name), "") + cell(escape_html(measure), "") +
            cell(escape_html(comparison.at("model").get<std::string>()) +
                     (against.empty() ? "" : " <span class=\"soft\">against</span> " + escape_html(against)),
                 "") +
            cell(compared(comparison)) + cell(interval(measure, comparison)) +
            cell(plain(comparison.value("problems", Json()))) + cell(escape_html(shown.target)) +
            cell(result(shown), "") + "</tr>\n";
  }
  return "<h2>Comparisons</h2>\n<p class=\"soft small\">Differences are paired: both models answered the same "
         "problems. "
         "Percentage points, with 95% intervals.</p>\n" +
         scroll_table(
             "<th>comparison</th><th>measure</th><th>models</th><th class=\"n\">value</th><th class=\"n\">95% "
             "interval</th><th class=\"n\">problems</th><th class=\"n\">target</th><th>result</th>",
             rows);
}

}  // namespace r1::pipeline
