// JSON of reports and samples. Keys are the names documented in evaluation.h; NaN is null.
#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/eval/evaluation.h"

namespace r1::eval {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const Estimate& estimate) {
  return {{"value", number(estimate.value)},
          {"standard_error", number(estimate.standard_error)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)}};
}

Json json_of(const GroupReport& group) {
  Json out;
  if (!group.family.empty()) {
    out["family"] = group.family;
    if (group.level != 0) out["level"] = group.level;
    out["in_headline"] = group.in_headline;
    out["majority_share"] = number(group.majority_share);
  }
  out["num_problems"] = group.num_problems;
  out["pass@1"] = json_of(group.pass_at_1);
  for (const auto& [k, estimate] : group.pass_at_k) out["pass@" + std::to_string(k)] = json_of(estimate);
  out["lenient_accuracy"] = json_of(group.lenient_accuracy);
  out["format_rate"] = number(group.format_rate);
  out["mean_tokens"] = number(group.mean_tokens);
  out["truncated_share"] = number(group.truncated_share);
  for (std::size_t o = 0; o < group.outcomes.size(); ++o)
    out["outcomes"][reward::outcome_name(static_cast<reward::Outcome>(o))] = group.outcomes[o];
  return out;
}

Json json_of(const std::vector<GroupReport>& groups) {
  Json out = Json::array();
  for (const GroupReport& group : groups) out.push_back(json_of(group));
  return out;
}

// Sampled text may end inside a character: invalid bytes become U+FFFD instead of an exception.
std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const EvalReport& report) {
  Json out;
  out["samples_per_problem"] = report.samples_per_problem;
  out["majority_threshold"] = report.majority_threshold;
  out["headline"] = json_of(report.headline);
  out["all"] = json_of(report.all);
  out["families"] = json_of(report.families);
  out["levels"] = json_of(report.levels);
  return dump(out, 2);
}

std::string to_json_line(const EvalItem& item, const data::Problem& problem) {
  Json out;
  out["id"] = problem.id;
  out["family"] = problem.family;
  out["level"] = problem.difficulty;
  out["sample"] = item.sample;
  out["prompt"] = problem.prompt;
  out["answer"] = problem.answer;
  out["completion"] = item.text;
  out["score"] = number(item.verdict.score);
  for (const auto& [name, value] : item.verdict.parts) out["parts"][name] = number(value);
  out["outcome"] = reward::outcome_name(item.verdict.outcome);
  out["why"] = item.verdict.why;
  out["lenient_correct"] = item.lenient_correct;
  out["num_tokens"] = item.num_tokens;
  out["finished"] = item.finished;
  return dump(out, -1);
}

}  // namespace r1::eval
