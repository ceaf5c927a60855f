// Stages are visited in the order of their graph, so that each knows whether one that it reads from will run.
#include "r1/pipeline/plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "r1/core/error.h"
#include "r1/pipeline/stage_work.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

class Planner {
 public:
  Planner(const StageList& stages, const RunPlan& plan, const RunOptions& options)
      : stages_(stages),
        run_(plan.run),
        recipe_(plan.recipe),
        options_(options),
        graph_(make_graph(stages, plan.run)),
        choice_(choose_stages(graph_, options)),
        runs_(stages.size(), false) {}

  std::vector<PlannedStage> plan() {
    std::vector<PlannedStage> planned;
    for (const std::size_t i : graph_.order) planned.push_back(plan_stage(i));
    return planned;
  }

 private:
  PlannedStage plan_stage(std::size_t i) {
    const Stage& stage = *stages_[i];
    PlannedStage planned;
    planned.name = stage.name();
    planned.plan = stage.plan(run_);
    planned.resources = stage.resources();
    for (const StageInput& input : stage.inputs(run_)) planned.inputs.push_back({input.name, state_of(input)});
    std::optional<Manifest> complete;
    planned.why = choice_.included[i] ? reason_of(i, complete) : "left out by --only";
    planned.runs = runs_[i];
    if (choice_.included[i]) planned.conditions = conditions_of(stage.name(), complete);
    return planned;
  }

  std::string state_of(const StageInput& input) const {
    if (input.outside) return fs::exists(input.path) ? "there" : fmt::format("missing: {}", input.path.string());
    const std::string producer = producer_of(input);
    if (runs_[graph_.find(producer, "plan")]) return fmt::format("stage {} makes it", producer);
    const bool finished = fs::exists(run_ / producer / kManifestFile) && fs::exists(input.path);
    return finished ? "there" : fmt::format("missing: stage {} makes it", producer);
  }

  /// Sets runs_[i]; `complete` becomes the stage's manifest when it has not to run.
  std::string reason_of(std::size_t i, std::optional<Manifest>& complete) {
    try {
      WorkFinding finding = find_work(run_ / graph_.names[i], planned_manifest(*stages_[i], recipe_, run_));
      const std::string upstream = running_need(i);
      runs_[i] = true;
      if (finding.state == WorkState::Complete && choice_.forced[i]) return fmt::format("--from {}", options_.from);
      if (finding.state != WorkState::Complete && finding.state != WorkState::InputChanged) return finding.why;
      if (!upstream.empty()) return fmt::format("depends on stage {}, which runs", upstream);
      if (finding.state == WorkState::InputChanged) return finding.why;
      runs_[i] = false;
      complete = std::move(finding.found);
      return "complete";
    } catch (const UserError& e) {
      runs_[i] = false;
      return std::string("refused: ") + e.what();
    }
  }

  /// The first stage that stage `i` reads from and that runs, or "".
  std::string running_need(std::size_t i) const {
    for (const std::size_t need : graph_.needs[i])
      if (runs_[need]) return graph_.names[need];
    return "";
  }

  std::vector<std::string> conditions_of(const std::string& stage, const std::optional<Manifest>& complete) const {
    std::vector<std::string> out;
    for (const StageCondition& condition : options_.conditions) {
      if (condition.stage != stage) continue;
      std::string text =
          fmt::format("{} {}, otherwise {}", condition.metric, bound_text(condition), condition.otherwise);
      if (condition.otherwise == "repeat")
        text += fmt::format(" with {} (at most {} times)", fmt::join(condition.changes, ", "), condition.repeats);
      if (complete) {
        const auto figure = std::find_if(complete->metrics.begin(), complete->metrics.end(),
                                         [&](const auto& metric) { return metric.first == condition.metric; });
        text += figure == complete->metrics.end()
                    ? std::string("; it has no such figure")
                    : fmt::format("; it is {}, which {}", figure->second,
                                  holds(condition, figure->second) ? "holds" : "does not hold");
      }
      out.push_back(std::move(text));
    }
    return out;
  }

  const StageList& stages_;
  const fs::path& run_;
  const std::string& recipe_;
  const RunOptions& options_;
  StageGraph graph_;
  StageChoice choice_;
  std::vector<bool> runs_;  // of the stages planned so far
};

std::string resources_text(const PlannedStage& stage) {
  std::string text = stage.resources.cores <= 0   ? "all cores"
                     : stage.resources.cores == 1 ? "1 core"
                                                  : fmt::format("{} cores", stage.resources.cores);
  if (stage.resources.gpus > 0)
    text += fmt::format(", {} GPU{}", stage.resources.gpus, stage.resources.gpus == 1 ? "" : "s");
  const double memory = std::max(stage.plan.memory_bytes, stage.resources.memory_bytes);
  if (memory > 0) text += fmt::format(", {} of memory", human_amount(memory, "B"));
  if (stage.plan.flops > 0) text += fmt::format(", {}", human_amount(stage.plan.flops, "FLOP"));
  return text;
}

std::string stage_text(const PlannedStage& stage, std::size_t width) {
  std::string text = fmt::format("{:<{}}  {}{}\n", stage.name, width, stage.runs ? "runs: " : "", stage.why);
  const auto add = [&](const char* what, const std::string& line) {
    text += fmt::format("{:<{}}  {:<9}  {}\n", "", width, what, line);
  };
  if (!stage.plan.work.empty()) add("work", stage.plan.work);
  for (const PlannedInput& input : stage.inputs)
    add("input", input.state == "there" ? input.name : fmt::format("{}  ({})", input.name, input.state));
  add("takes", resources_text(stage));
  for (const std::string& condition : stage.conditions) add("condition", condition);
  return text;
}

std::string totals_text(const RunPlan& plan) {
  std::size_t runs = 0, missing = 0;
  double flops = 0, memory = 0;
  for (const PlannedStage& stage : plan.stages) {
    if (stage.runs) {
      ++runs;
      flops += stage.plan.flops;
      memory = std::max({memory, stage.plan.memory_bytes, stage.resources.memory_bytes});
    }
    if (stage.why != "left out by --only")
      missing += static_cast<std::size_t>(
          std::count_if(stage.inputs.begin(), stage.inputs.end(),
                        [](const PlannedInput& input) { return input.state.starts_with("missing"); }));
  }
  std::string text = fmt::format("{} of {} stages run", runs, plan.stages.size());
  if (flops > 0) text += fmt::format(", {} in all", human_amount(flops, "FLOP"));
  if (memory > 0) text += fmt::format(", at most {} of memory in one stage", human_amount(memory, "B"));
  text += "\n";
  if (missing > 0) text += fmt::format("inputs that are missing: {}; as it is, the run would be refused\n", missing);
  return text;
}

}  // namespace

RunPlan plan_run(const StageList& stages, const fs::path& run, const std::string& recipe, const RunOptions& options) {
  RunPlan plan{.recipe = recipe, .run = run, .exists = is_run_directory_of(run, recipe), .changes = {}, .stages = {}};
  check_conditions(options.conditions, stages, run, options.rebuild);
  ChangedStages changed = changed_stages(stages, run, options.conditions, options.rebuild);
  plan.changes = std::move(changed.sets);
  plan.stages = Planner(plan.changes.empty() ? stages : changed.stages, plan, options).plan();
  return plan;
}

std::string to_text(const RunPlan& plan) {
  std::string text =
      fmt::format("recipe {} in {}{}\n", plan.recipe, plan.run.string(), plan.exists ? "" : " (not there yet)");
  if (!plan.changes.empty()) text += fmt::format("changed by its conditions: {}\n", fmt::join(plan.changes, ", "));
  std::size_t width = 0;
  for (const PlannedStage& stage : plan.stages) width = std::max(width, stage.name.size());
  for (const PlannedStage& stage : plan.stages) text += fmt::format("\n{}", stage_text(stage, width));
  return fmt::format("{}\n{}", text, totals_text(plan));
}

std::string human_amount(double amount, const std::string& unit) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  std::size_t prefix = 0;
  while (amount >= 999.5 && prefix + 1 < std::size(kPrefixes)) {
    amount /= 1000;
    ++prefix;
  }
  return fmt::format("{:.3g} {}{}", amount, kPrefixes[prefix], unit);
}

}  // namespace r1::pipeline
