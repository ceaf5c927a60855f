// Every value is looked up where its stage wrote it: eval.json, table.json, the manifests' metrics.
#include "r1/pipeline/page/checks.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/nearest.h"
#include "r1/pipeline/page/report_data.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;
using Values = std::vector<std::pair<std::string, double>>;

constexpr const char* kZeroLanguage = "zero_language_consistency";
constexpr const char* kDev2Language = "dev2_language_consistency";
constexpr const char* kShortfallClosed = "language_shortfall_closed";

double number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || !found->is_number() ? std::nan("") : found->get<double>();
}

double value_of(const Json& group, const std::string& key) {
  const auto found = group.find(key);
  return found == group.end() ? std::nan("") : number(*found, "value");
}

double metric(const std::vector<Manifest>& stages, const std::string& stage, const std::string& name) {
  for (const Manifest& manifest : stages)
    if (manifest.stage == stage)
      for (const auto& [key, value] : manifest.metrics)
        if (key == name) return value;
  return std::nan("");
}

/// What all stages logged as `name` or, for one of several trainings, "TRAINING/name".
std::vector<double> metrics_of_all(const std::vector<Manifest>& stages, const std::string& name) {
  std::vector<double> values;
  for (const Manifest& manifest : stages)
    for (const auto& [key, value] : manifest.metrics)
      if (key == name || key.ends_with("/" + name)) values.push_back(value);
  return values;
}

/// NaN of nothing, and as soon as one is NaN: unknown is not small.
double largest(const std::vector<double>& values) {
  if (values.empty()) return std::nan("");
  double out = values.front();
  for (const double value : values)
    if (std::isnan(value) || value > out) out = value;
  return out;
}

double total(const std::vector<double>& values) {
  double sum = values.empty() ? std::nan("") : 0.0;
  for (const double value : values) sum += value;
  return sum;
}

/// pass@k with the largest k; NaN when the base was not sampled.
double widest_pass_at_k(const Json& sampled) {
  if (!sampled.is_object()) return std::nan("");
  double value = std::nan("");
  std::int64_t widest = 1;
  for (const auto& [key, estimate] : sampled.at("headline").items()) {
    if (!key.starts_with("pass@")) continue;
    const std::int64_t k = std::stoll(key.substr(5));
    if (k <= widest) continue;
    widest = k;
    value = number(estimate, "value");
  }
  return value;
}

std::pair<double, double> headline_families_and_levels(const Json& report) {
  std::set<std::string> families;
  std::set<std::int64_t> levels;
  for (const Json& group : report.at("levels"))
    if (group.value("in_headline", false)) {
      families.insert(group.at("family").get<std::string>());
      levels.insert(group.at("level").get<std::int64_t>());
    }
  return {static_cast<double>(families.size()), static_cast<double>(levels.size())};
}

Values eval_values(const Json& eval) {
  const Json& before = eval.at("before").at("headline");
  const Json& after = eval.at("after").at("headline");
  const auto [families, levels] = headline_families_and_levels(eval.at("after"));
  return {
      {"base_pass_at_1", value_of(before, "pass@1")},
      {"final_pass_at_1", value_of(after, "pass@1")},
      {"pass_at_1_gain", number(eval.at("difference"), "value")},
      {"base_lenient_accuracy", value_of(before, "lenient_accuracy")},
      {"final_lenient_accuracy", value_of(after, "lenient_accuracy")},
      {"lenient_gain", value_of(after, "lenient_accuracy") - value_of(before, "lenient_accuracy")},
      {"base_pass_at_k", widest_pass_at_k(eval.at("before_samples"))},
      {"base_format_rate", number(before, "format_rate")},
      {"final_format_rate", number(after, "format_rate")},
      {"base_mean_tokens", number(before, "mean_tokens")},
      {"final_mean_tokens", number(after, "mean_tokens")},
      {"headline_problems", number(after, "num_problems")},
      {"headline_families", families},
      {"headline_levels", levels},
  };
}

/// A value a comparison, and how much of what Zero's language lacks Dev2 has made up for.
Values comparison_values(const Json& table) {
  Values values;
  double zero = std::nan(""), dev2 = std::nan("");
  bool has_zero = false, has_dev2 = false;
  for (const Json& comparison : table.at("comparisons")) {
    values.emplace_back(comparison.at("name").get<std::string>(), number(comparison, "value"));
    const auto& [name, value] = values.back();
    if (name == kZeroLanguage) zero = value, has_zero = true;
    if (name == kDev2Language) dev2 = value, has_dev2 = true;
  }
  if (has_zero && has_dev2) values.emplace_back(kShortfallClosed, (dev2 - zero) / (1.0 - zero));
  return values;
}

Values check_values(const ReportData& data) {
  Values values;
  if (data.eval.is_object()) values = eval_values(data.eval);
  if (data.table.is_object())
    for (auto& entry : comparison_values(data.table)) values.push_back(std::move(entry));
  values.emplace_back("contaminated_test_problems", metric(data.stages, "corpus", "contaminated_test_problems"));
  values.emplace_back("sampling_logp_difference_max",
                      largest(metrics_of_all(data.stages, "sampling_logp_difference_max")));
  if (data.table.is_object()) values.emplace_back("watch_alerts", total(metrics_of_all(data.stages, "watch_alerts")));
  values.emplace_back("parameters", metric(data.stages, "pretrain", "parameters"));
  values.emplace_back("seconds", data.seconds);
  return values;
}

bool holds(double value, const Target& target) {
  constexpr double kRounding = 1e-9;  // 0.72 - 0.32 is 0.39999999999999997
  if (target.op == ">=") return value >= target.bound - kRounding;
  if (target.op == "<=") return value <= target.bound + kRounding;
  if (target.op == ">") return value > target.bound;
  if (target.op == "<") return value < target.bound;
  return value == target.bound;
}

}  // namespace

Target parse_target(const std::string& text) {
  std::istringstream words(text);
  Target target;
  std::string rest;
  const bool read = static_cast<bool>(words >> target.name >> target.op >> target.bound) && !(words >> rest);
  const std::set<std::string> ops = {">=", "<=", "==", ">", "<"};
  if (!read || !ops.contains(target.op))
    user_error("report.targets: \"{}\" can't be read; write it as \"final_pass_at_1 >= 0.8\"", text);
  return target;
}

std::vector<std::string> check_names(const std::vector<std::string>& comparisons) {
  std::vector<std::string> names = {
      "base_pass_at_1",    "final_pass_at_1",   "pass_at_1_gain",    "base_lenient_accuracy", "final_lenient_accuracy",
      "lenient_gain",      "base_pass_at_k",    "base_format_rate",  "final_format_rate",     "base_mean_tokens",
      "final_mean_tokens", "headline_problems", "headline_families", "headline_levels"};
  names.insert(names.end(), comparisons.begin(), comparisons.end());
  const auto named = [&](const char* name) {
    return std::find(comparisons.begin(), comparisons.end(), name) != comparisons.end();
  };
  if (named(kZeroLanguage) && named(kDev2Language)) names.emplace_back(kShortfallClosed);
  names.insert(names.end(), {"contaminated_test_problems", "sampling_logp_difference_max"});
  if (!comparisons.empty()) names.emplace_back("watch_alerts");
  names.insert(names.end(), {"parameters", "seconds"});
  return names;
}

void check_report_config(const ReportConfig& config, const std::vector<std::string>& comparisons) {
  const std::vector<std::string> names = check_names(comparisons);
  std::set<std::string> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      user_error("evaluate.comparisons: \"{}\" is the name of another check already; choose another", name);
  for (const std::string& text : config.targets) {
    const Target target = parse_target(text);
    if (seen.contains(target.name)) continue;
    const std::string near = core::nearest(target.name, names);
    user_error("report.targets: there is no check \"{}\"{}", target.name,
               near.empty() ? "" : fmt::format("; did you mean {}?", near));
  }
}

std::vector<Check> make_checks(const ReportData& data) {
  std::vector<Check> checks;
  for (const auto& [name, value] : check_values(data)) checks.push_back({.name = name, .value = value, .target = ""});
  for (const std::string& text : data.config.targets) {
    const Target target = parse_target(text);
    auto found = std::find_if(checks.begin(), checks.end(), [&](const Check& c) { return c.name == target.name; });
    if (found == checks.end())
      found = checks.insert(checks.end(), Check{.name = target.name, .value = std::nan(""), .target = ""});
    found->target += (found->target.empty() ? "" : ", ") + fmt::format("{} {}", target.op, target.bound);
    found->pass = found->pass && holds(found->value, target);  // NaN holds nothing
  }
  return checks;
}

}  // namespace r1::pipeline
