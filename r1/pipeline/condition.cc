// The journal is a memo: "stage X, made in this way, had this figure". Whether that asks for changes, and for which, is
// decided by the conditions as the recipe states them now.
#include "r1/pipeline/condition.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/hash.h"
#include "r1/core/nearest.h"
#include "r1/pipeline/graph.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kFormat = 1;
constexpr const char* kNumber = "{n}";

/// The configurations of `stage` and of what it depends on; with `hashes` the bytes from outside, too.
std::string lineage_text(const StageList& stages, const fs::path& run, const std::string& stage, bool hashes) {
  const StageGraph graph = make_graph(stages, run);
  std::vector<bool> counts(stages.size(), false);
  counts[graph.find(stage, "conditions")] = true;
  for (auto reader = graph.order.rbegin(); reader != graph.order.rend(); ++reader)
    if (counts[*reader])
      for (const std::size_t need : graph.needs[*reader]) counts[need] = true;
  std::string text;
  for (const std::size_t i : graph.order) {
    if (!counts[i]) continue;
    text += stages[i]->name() + "\n" + stages[i]->config();
    for (const StageInput& input : stages[i]->inputs(run))
      if (input.outside)
        text += fmt::format("{} {}\n", input.name, hashes && fs::exists(input.path) ? hash_path(input.path) : "");
  }
  return text;
}

void check_repeat(const StageCondition& condition, const StageList& stages, const fs::path& run,
                  const RebuildStages& rebuild) {
  const std::string where = fmt::format("conditions: {} of stage {}", condition.metric, condition.stage);
  if (condition.changes.empty())
    user_error("{}: otherwise: repeat needs changes, as [{}.seed=2]", where, condition.stage);
  if (condition.repeats < 1) user_error("{}: repeats: {} is less than 1", where, condition.repeats);
  if (condition.repeats > 1 && changes_of(condition, 1) == changes_of(condition, 2))
    user_error("{}: {} repeats with [{}] would all be the same; use {} for the number of the repeat, or repeats: 1",
               where, condition.repeats, fmt::join(condition.changes, ", "), kNumber);
  R1_CHECK(rebuild, "a condition repeats stage {}, but nothing rebuilds the stages", condition.stage);
  const StageList changed = rebuild(changes_of(condition, 1));
  if (lineage_text(changed, run, condition.stage, false) == lineage_text(stages, run, condition.stage, false))
    user_error("{}: the changes [{}] change neither stage {} nor anything that it depends on", where,
               fmt::join(condition.changes, ", "), condition.stage);
}

}  // namespace

void fields(core::FieldVisitor& v, StageCondition& c) {
  v("stage", c.stage, "whose figure it is");
  v("metric", c.metric, "the figure, as the stage's manifest names it");
  v("at_least", c.at_least, "the figure must not be less");
  v("at_most", c.at_most, "nor more");
  v("otherwise", c.otherwise, "stop | repeat (the stage, with the changes)");
  v("changes", c.changes, "repeat: settings over the recipe's, as of --set; {n} is the number of the repeat");
  v("repeats", c.repeats, "repeat: how often at most");
}

std::vector<FailedCondition> read_changes(const fs::path& run) {
  const fs::path file = run / kChangesFile;
  std::vector<FailedCondition> entries;
  if (!fs::exists(file)) return entries;
  try {
    const Json json = Json::parse(core::read_file(file));
    if (json.at("format").get<std::int64_t>() != kFormat)
      user_error("{}: format {} is not {}, the one this program reads", file.string(), json.at("format").dump(),
                 kFormat);
    for (const Json& entry : json.at("failed"))
      entries.push_back({.stage = entry.at("stage").get<std::string>(),
                         .metric = entry.at("metric").get<std::string>(),
                         .value = entry.at("value").is_null() ? std::nan("") : entry.at("value").get<double>(),
                         .identity = entry.at("identity").get<std::string>(),
                         .changes = entry.at("changes").get<std::vector<std::string>>()});
  } catch (const Json::exception& e) {
    user_error("{}: is no journal of changes ({}); delete it to measure the conditions again", file.string(), e.what());
  }
  return entries;
}

void append_change(const fs::path& run, const FailedCondition& failed) {
  std::vector<FailedCondition> entries = read_changes(run);
  entries.push_back(failed);
  Json json = {{"format", kFormat}, {"failed", Json::array()}};
  for (const FailedCondition& entry : entries)
    json["failed"].push_back({{"stage", entry.stage},
                              {"metric", entry.metric},
                              {"value", std::isfinite(entry.value) ? Json(entry.value) : Json(nullptr)},
                              {"identity", entry.identity},
                              {"changes", entry.changes}});
  core::write_file_atomic(run / kChangesFile, json.dump(2) + "\n");
}

std::string lineage_of(const StageList& stages, const fs::path& run, const std::string& stage) {
  return core::hash_hex(lineage_text(stages, run, stage, true));
}

bool holds(const StageCondition& condition, double value) {
  return std::isfinite(value) && value >= condition.at_least && value <= condition.at_most;
}

std::string bound_text(const StageCondition& condition) {
  if (std::isinf(condition.at_most)) return fmt::format("at least {}", condition.at_least);
  if (std::isinf(condition.at_least)) return fmt::format("at most {}", condition.at_most);
  return fmt::format("between {} and {}", condition.at_least, condition.at_most);
}

std::vector<std::string> changes_of(const StageCondition& condition, std::int64_t n) {
  std::vector<std::string> changes = condition.changes;
  for (std::string& change : changes)
    for (std::size_t at = change.find(kNumber); at != std::string::npos; at = change.find(kNumber))
      change.replace(at, std::string_view(kNumber).size(), std::to_string(n));
  return changes;
}

double figure_of(const StageCondition& condition, const Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& [name, value] : manifest.metrics) {
    if (name == condition.metric) return value;
    names.push_back(name);
  }
  const std::string near = core::nearest(condition.metric, names);
  const std::string advice =
      near.empty() ? fmt::format("its figures are {}", fmt::join(names, ", ")) : "did you mean " + near + "?";
  user_error("conditions: stage {} has no figure \"{}\"; {}", condition.stage, condition.metric, advice);
}

void check_conditions(const std::vector<StageCondition>& conditions, const StageList& stages, const fs::path& run,
                      const RebuildStages& rebuild) {
  if (conditions.empty()) return;
  const StageGraph graph = make_graph(stages, run);
  for (const StageCondition& condition : conditions) {
    graph.find(condition.stage, "conditions");
    const std::string where = fmt::format("conditions: stage {}", condition.stage);
    if (condition.metric.empty()) user_error("{}: metric is missing", where);
    if (std::isinf(condition.at_least) && std::isinf(condition.at_most))
      user_error("{}: {} has no bound; give at_least or at_most", where, condition.metric);
    if (!(condition.at_least <= condition.at_most))
      user_error("{}: {}: nothing is at least {} and at most {}", where, condition.metric, condition.at_least,
                 condition.at_most);
    if (condition.otherwise == "repeat")
      check_repeat(condition, stages, run, rebuild);
    else if (condition.otherwise != "stop")
      user_error("{}: otherwise: \"{}\" is neither stop nor repeat", where, condition.otherwise);
  }
}

ChangedStages changed_stages(const StageList& stages, const fs::path& run,
                             const std::vector<StageCondition>& conditions, const RebuildStages& rebuild) {
  ChangedStages changed;
  changed.used.assign(conditions.size(), 0);
  const std::vector<FailedCondition> entries = read_changes(run);
  if (entries.empty()) return changed;
  const StageList* now = &stages;
  /// Whether the journal knows that `condition` fails for the stages as they are now.
  const auto is_known_to_fail = [&](const StageCondition& condition) {
    const std::string identity = lineage_of(*now, run, condition.stage);
    return std::any_of(entries.begin(), entries.end(), [&](const FailedCondition& entry) {
      return entry.stage == condition.stage && entry.metric == condition.metric && entry.identity == identity &&
             !holds(condition, entry.value);
    });
  };
  for (std::size_t i = 0; i < conditions.size();) {
    const StageCondition& condition = conditions[i];
    if (condition.otherwise != "repeat" || changed.used[i] >= condition.repeats || !is_known_to_fail(condition)) {
      ++i;
      continue;
    }
    for (std::string& change : changes_of(condition, ++changed.used[i])) changed.sets.push_back(std::move(change));
    changed.stages = rebuild(changed.sets);
    now = &changed.stages;
    i = 0;
  }
  return changed;
}

}  // namespace r1::pipeline
