// One command is one or several walks over the graph: a condition that changes the recipe ends a walk, and the next
// one, over the changed stages, finds complete what the change does not touch. A stage resumes from r1_state/ only when
// started.json names just its work; otherwise its directory is emptied first.
#include "r1/pipeline/orchestrator.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>

#include "r1/core/error.h"
#include "r1/core/log.h"
#include "r1/pipeline/stage_work.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Stages that run side by side share one sink.
class LockedSink : public core::MetricSink {
 public:
  explicit LockedSink(core::MetricSink& sink) : sink_(sink) {}
  void emit(const core::MetricRecord& record) override {
    const std::lock_guard lock(mutex_);
    sink_.emit(record);
  }
  void note(const std::string& stage, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    sink_.note(stage, text);
  }
  void rewind(const std::string& stage, std::int64_t step) override {
    const std::lock_guard lock(mutex_);
    sink_.rewind(stage, step);
  }

 private:
  core::MetricSink& sink_;
  std::mutex mutex_;
};

/// Refuses an input of the run that a stage left out by --only has not finished. `reader` is the stage that reads it.
void check_finished(const std::string& reader, const StageInput& input, const fs::path& run) {
  const std::string producer = producer_of(input);
  if (fs::exists(run / producer / kManifestFile) && fs::exists(input.path)) return;
  user_error("stage {}: there is no {}, which stage {} makes; run that first, as --only {},{}", reader, input.name,
             producer, producer, reader);
}

/// Refuses an input that was edited after a stage that is not looked at wrote it.
void check_untouched(const StageInput& input, const fs::path& run) {
  const std::string producer = producer_of(input);
  std::optional<Manifest> manifest = read_manifest(run / producer);
  if (!manifest) return;
  const std::string name = fs::path(input.name).lexically_relative(producer).generic_string();
  std::erase_if(manifest->outputs, [&](const OutputRecord& output) {
    return output.path != name && !output.path.starts_with(name + "/");
  });
  if (check_outputs(run / producer, *manifest) == OutputState::Missing)
    user_error("{}: is not whole any more; run stage {} again", input.path.string(), producer);
}

/// The inputs of a stage that come from stages which are not included.
std::vector<StageInput> foreign_inputs(const Stage& stage, const StageGraph& graph, const StageChoice& choice,
                                       const fs::path& run) {
  std::vector<StageInput> inputs = stage.inputs(run);
  std::erase_if(inputs, [&](const StageInput& input) {
    return input.outside || choice.included[graph.find(producer_of(input), stage.name())];
  });
  return inputs;
}

/// Empties the directory unless it holds an unfinished run of just this work; returns when that work was started.
double start_stage(const fs::path& directory, const std::string& identity) {
  if (const std::optional<StartedWork> work = read_started(directory); work && work->identity == identity)
    return work->started;
  // The manifest goes first: a kill during the removal must not leave it beside half of its outputs.
  fs::remove(directory / kManifestFile);
  fs::remove_all(directory);
  const double started = now_seconds();
  write_started(directory, {.identity = identity, .started = started});
  return started;
}

/// What lasts over the walks of one command.
class Command {
 public:
  Command(const RunDirectory& directory, core::MetricSink& metrics, const RunOptions& options)
      : directory_(directory), options_(options), metrics_(metrics) {}

  /// Nothing when a condition changed the recipe. `used`: the repeats of each condition so far.
  std::optional<std::vector<StageOutcome>> walk(const StageList& stages, const std::vector<std::int64_t>& used) {
    const fs::path& run = directory_.path();
    const StageGraph graph = make_graph(stages, run);
    const StageChoice choice = choose_stages(graph, options_);
    Schedule schedule{.included = choice.included, .takes = {}, .machine = options_.machine};
    for (const auto& stage : stages) schedule.takes.push_back(stage->resources());
    std::vector<StageOutcome> done(stages.size());
    const bool whole = run_scheduled(graph, schedule, [&](std::size_t i) {
      for (const StageInput& input : foreign_inputs(*stages[i], graph, choice, run)) check_untouched(input, run);
      done[i] = bring_up_to_date(*stages[i], choice.forced[i]);
      return check_figures(stages, done[i].manifest, used);
    });
    if (!whole) return std::nullopt;
    std::vector<StageOutcome> outcomes;
    for (const std::size_t i : graph.order)
      if (choice.included[i]) outcomes.push_back(std::move(done[i]));
    return outcomes;
  }

 private:
  StageOutcome bring_up_to_date(const Stage& stage, bool forced) {
    const fs::path place = directory_.path() / stage.name();
    const Manifest planned = planned_manifest(stage, directory_.recipe(), directory_.path());
    for (const InputRecord& input : planned.inputs)
      if (input.hash.empty()) user_error("stage {}: there is no {}", stage.name(), input.path);
    WorkFinding finding = find_work(place, planned);
    if (finding.state == WorkState::Complete && (!forced || has_run(stage.name()))) {
      R1_LOG(info, "stage {} is complete and unchanged", stage.name());
      fs::remove(place / kStartedFile);
      return {.manifest = std::move(*finding.found), .ran = has_run(stage.name())};
    }
    R1_LOG(info, "stage {} runs ({})", stage.name(),
           finding.why.empty() ? "asked for by --from " + options_.from : finding.why);
    return {.manifest = run_stage(stage, planned), .ran = true};
  }

  Manifest run_stage(const Stage& stage, Manifest planned) {
    const fs::path place = directory_.path() / stage.name();
    const double started = start_stage(place, identity_of(planned));
    const std::unique_ptr<parallel::Team> team =
        options_.team && stage.shares_work() ? options_.team(stage.name()) : nullptr;
    const StageContext context{
        .run = directory_.path(), .directory = place, .metrics = &metrics_, .group = team ? &team->group() : nullptr};
    if (!fs::exists(context.state())) metrics_.rewind(stage.name(), 0);
    planned.metrics = stage.run(context);
    planned.outputs = record_outputs(place, stage.outputs());
    planned.seconds = std::max(0.0, now_seconds() - started);
    fs::remove_all(context.state());
    write_manifest(place, planned);
    fs::remove(place / kStartedFile);
    R1_LOG(info, "stage {} is done after {:.1f} s", stage.name(), planned.seconds);
    const std::lock_guard lock(mutex_);
    ran_.insert(stage.name());
    return planned;
  }

  /// False: a figure asked for changes, which are in the journal now.
  bool check_figures(const StageList& stages, const Manifest& manifest, const std::vector<std::int64_t>& used) {
    for (std::size_t i = 0; i < options_.conditions.size(); ++i) {
      const StageCondition& condition = options_.conditions[i];
      if (condition.stage != manifest.stage) continue;
      const double value = figure_of(condition, manifest);
      if (holds(condition, value)) continue;
      const std::string fact = fmt::format("stage {}: {} is {}, and the recipe's conditions ask for {}", manifest.stage,
                                           condition.metric, value, bound_text(condition));
      refuse_to_repeat(condition, fact, used[i]);
      FailedCondition failed{.stage = condition.stage,
                             .metric = condition.metric,
                             .value = value,
                             .identity = lineage_of(stages, directory_.path(), condition.stage),
                             .changes = changes_of(condition, used[i] + 1)};
      R1_LOG(warn, "{}; repeat {} of {}, with {}", fact, used[i] + 1, condition.repeats,
             fmt::join(failed.changes, ", "));
      const std::lock_guard lock(mutex_);
      append_change(directory_.path(), failed);
      return false;
    }
    return true;
  }

  /// UserError unless the condition, which does not hold, may repeat its stage.
  void refuse_to_repeat(const StageCondition& condition, const std::string& fact, std::int64_t used) const {
    if (condition.otherwise != "repeat")
      user_error("{}; change the stage's settings or the condition, and run the same command again", fact);
    const std::string changes = fmt::format("{}", fmt::join(changes_of(condition, used + 1), ", "));
    if (!options_.only.empty()) user_error("{}; run without --only to repeat it with {}", fact, changes);
    if (used >= condition.repeats)
      user_error("{} after {} repeats; change the stage's settings, its condition's changes, or the bound", fact, used);
  }

  bool has_run(const std::string& stage) {
    const std::lock_guard lock(mutex_);
    return ran_.contains(stage);
  }

  const RunDirectory& directory_;
  const RunOptions& options_;
  LockedSink metrics_;
  std::mutex mutex_;  // of what follows and of the journal
  std::set<std::string> ran_;  // --from runs nothing twice
};

}  // namespace

void check_outside_inputs(const StageList& stages, const fs::path& run, const std::vector<std::string>& only) {
  for (const auto& stage : stages) {
    if (!only.empty() && std::find(only.begin(), only.end(), stage->name()) == only.end()) continue;
    for (const StageInput& input : stage->inputs(run))
      if (input.outside && !fs::exists(input.path))
        user_error("stage {}: there is no {} (for {})", stage->name(), input.path.string(), input.name);
  }
}

StageChoice choose_stages(const StageGraph& graph, const RunOptions& options) {
  const std::size_t count = graph.names.size();
  StageChoice choice{.included = std::vector<bool>(count, options.only.empty()),
                     .forced = std::vector<bool>(count, false)};
  for (const std::string& name : options.only) choice.included[graph.find(name, "--only")] = true;
  if (!options.from.empty()) choice.forced = with_dependents(graph, graph.find(options.from, "--from"));
  return choice;
}

void check_run(const StageList& stages, const fs::path& run, const RunOptions& options) {
  const StageGraph graph = make_graph(stages, run);
  const StageChoice choice = choose_stages(graph, options);
  check_conditions(options.conditions, stages, run, options.rebuild);
  check_outside_inputs(stages, run, options.only);
  for (const std::size_t i : graph.order)
    if (choice.included[i])
      for (const StageInput& input : foreign_inputs(*stages[i], graph, choice, run))
        check_finished(graph.names[i], input, run);
}

std::vector<StageOutcome> run_stages(const StageList& stages, const RunDirectory& directory, core::MetricSink& metrics,
                                     const RunOptions& options) {
  check_run(stages, directory.path(), options);
  Command command(directory, metrics, options);
  for (;;) {
    const ChangedStages changed = changed_stages(stages, directory.path(), options.conditions, options.rebuild);
    if (!changed.sets.empty()) R1_LOG(info, "conditions changed the recipe: {}", fmt::join(changed.sets, ", "));
    auto outcomes = command.walk(changed.sets.empty() ? stages : changed.stages, changed.used);
    if (outcomes) return std::move(*outcomes);
  }
}

}  // namespace r1::pipeline
