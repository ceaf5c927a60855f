// Every figure is looked up where its stage wrote it: manifests (metrics of stages), eval.json, metrics.jsonl.
#include "r1/pipeline/page/report_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <sstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/nearest.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array kStages = {"corpus", "tokenizer", "pretrain", "zero", "eval"};

/// What the page draws; a metric that a run did not log is left out.
constexpr std::array<std::pair<const char*, const char*>, 10> kCurves = {{
    {"zero", "reward"},
    {"zero", "rewards/accuracy/mean"},
    {"zero", "rewards/format/mean"},
    {"zero", "completions/mean_length"},
    {"zero", "entropy"},
    {"zero", "kl"},
    {"zero", "frac_reward_zero_std"},
    {"zero", "grad_norm"},
    {"zero", "sampling/sampling_logp_difference/max"},
    {"pretrain", "loss"},
}};

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

std::vector<std::pair<std::string, double>> check_values(const ReportData& data) {
  const Json& before = data.eval.at("before").at("headline");
  const Json& after = data.eval.at("after").at("headline");
  const auto [families, levels] = headline_families_and_levels(data.eval.at("after"));
  return {
      {"base_pass_at_1", value_of(before, "pass@1")},
      {"final_pass_at_1", value_of(after, "pass@1")},
      {"pass_at_1_gain", number(data.eval.at("difference"), "value")},
      {"base_lenient_accuracy", value_of(before, "lenient_accuracy")},
      {"final_lenient_accuracy", value_of(after, "lenient_accuracy")},
      {"lenient_gain", value_of(after, "lenient_accuracy") - value_of(before, "lenient_accuracy")},
      {"base_pass_at_k", widest_pass_at_k(data.eval.at("before_samples"))},
      {"base_format_rate", number(before, "format_rate")},
      {"final_format_rate", number(after, "format_rate")},
      {"base_mean_tokens", number(before, "mean_tokens")},
      {"final_mean_tokens", number(after, "mean_tokens")},
      {"headline_problems", number(after, "num_problems")},
      {"headline_families", families},
      {"headline_levels", levels},
      {"contaminated_test_problems", metric(data.stages, "corpus", "contaminated_test_problems")},
      {"sampling_logp_difference_max", metric(data.stages, "zero", "sampling_logp_difference_max")},
      {"parameters", metric(data.stages, "pretrain", "parameters")},
      {"seconds", data.seconds},
  };
}

bool holds(double value, const Target& target) {
  constexpr double kRounding = 1e-9;  // 0.72 - 0.32 is 0.39999999999999997
  if (target.op == ">=") return value >= target.bound - kRounding;
  if (target.op == "<=") return value <= target.bound + kRounding;
  if (target.op == ">") return value > target.bound;
  if (target.op == "<") return value < target.bound;
  return value == target.bound;
}

std::vector<Check> make_checks(const ReportData& data) {
  std::vector<Check> checks;
  for (const auto& [name, value] : check_values(data)) checks.push_back({.name = name, .value = value, .target = ""});
  for (const std::string& text : data.config.targets) {
    const Target target = parse_target(text);
    for (Check& check : checks) {
      if (check.name != target.name) continue;
      check.target += (check.target.empty() ? "" : ", ") + fmt::format("{} {}", target.op, target.bound);
      check.pass = check.pass && holds(check.value, target);  // NaN holds nothing
    }
  }
  return checks;
}

std::vector<Curve> read_curves(const fs::path& file) {
  std::vector<Curve> curves;
  for (const auto& [stage, name] : kCurves) curves.push_back({.stage = stage, .metric = name, .points = {}});
  std::istringstream lines(core::read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object()) user_error("{}: holds a line that is no metrics record", file.string());
    for (Curve& curve : curves)
      if (record.value("stage", "") == curve.stage && std::isfinite(number(record, curve.metric.c_str())))
        curve.points.emplace_back(number(record, "step"), number(record, curve.metric.c_str()));
  }
  std::erase_if(curves, [](const Curve& curve) { return curve.points.empty(); });
  return curves;
}

Json parse_file(const fs::path& file) {
  Json json = Json::parse(core::read_file(file), nullptr, false);
  if (json.is_discarded()) user_error("{}: is no JSON", file.string());
  return json;
}

}  // namespace

void fields(core::FieldVisitor& v, ReportConfig& c) {
  v("title", c.title, "of the page; empty: the recipe's name");
  v("summary", c.summary, "a sentence or two under the title");
  v("targets", c.targets, "checks that must hold, as \"final_pass_at_1 >= 0.8\"; the others are only shown");
}

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

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names = {"base_pass_at_1",
                                                 "final_pass_at_1",
                                                 "pass_at_1_gain",
                                                 "base_lenient_accuracy",
                                                 "final_lenient_accuracy",
                                                 "lenient_gain",
                                                 "base_pass_at_k",
                                                 "base_format_rate",
                                                 "final_format_rate",
                                                 "base_mean_tokens",
                                                 "final_mean_tokens",
                                                 "headline_problems",
                                                 "headline_families",
                                                 "headline_levels",
                                                 "contaminated_test_problems",
                                                 "sampling_logp_difference_max",
                                                 "parameters",
                                                 "seconds"};
  return names;
}

void check_report_config(const ReportConfig& config) {
  const std::vector<std::string>& names = check_names();
  for (const std::string& text : config.targets) {
    const Target target = parse_target(text);
    if (std::find(names.begin(), names.end(), target.name) != names.end()) continue;
    const std::string near = core::nearest(target.name, names);
    user_error("report.targets: there is no check \"{}\"{}", target.name,
               near.empty() ? "" : fmt::format("; did you mean {}?", near));
  }
}

ReportData gather_report(const fs::path& run, const std::string& recipe, const ReportConfig& config) {
  ReportData data;
  data.recipe = recipe;
  data.config = config;
  for (const char* stage : kStages) {
    std::optional<Manifest> manifest = read_manifest(run / stage);
    if (!manifest) user_error("{}: stage {} is not complete; finish it with r1 run", run.string(), stage);
    data.seconds += manifest->seconds;
    data.stages.push_back(std::move(*manifest));
  }
  data.eval = parse_file(run / "eval" / "eval.json");
  data.curves = read_curves(run / "metrics.jsonl");
  data.checks = make_checks(data);
  return data;
}

std::string report_json(const ReportData& data) {
  Json json = {
      {"recipe", data.recipe}, {"seconds", data.seconds}, {"stages", Json::array()}, {"checks", Json::array()}};
  for (const Manifest& stage : data.stages) {
    Json metrics = Json::object();
    for (const auto& [name, value] : stage.metrics) metrics[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
    json["stages"].push_back({{"name", stage.stage}, {"seconds", stage.seconds}, {"metrics", metrics}});
  }
  for (const Check& check : data.checks)
    json["checks"].push_back({{"name", check.name},
                              {"value", std::isfinite(check.value) ? Json(check.value) : Json(nullptr)},
                              {"target", check.target.empty() ? Json(nullptr) : Json(check.target)},
                              {"pass", check.pass}});
  return json.dump(2) + "\n";
}

}  // namespace r1::pipeline
