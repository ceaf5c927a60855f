// Brings the stages of a run up to date: skips what is complete and unchanged (same configuration, same inputs, outputs
// as written), runs the others in the order of their graph (graph.h), side by side where there is room (schedule.h),
// resumes what a kill interrupted, and holds the recipe's conditions (condition.h). What depends on a stage runs again
// only when that stage's outputs have other bytes. It knows no particular stage.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/metric_sink.h"
#include "r1/parallel/team.h"
#include "r1/pipeline/condition.h"
#include "r1/pipeline/graph.h"
#include "r1/pipeline/manifest.h"
#include "r1/pipeline/run_directory.h"
#include "r1/pipeline/schedule.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

struct RunOptions {
  std::string from;  // this stage and all that depend on it run even if complete; "" = none
  std::vector<std::string> only;  // only these stages are looked at; empty = all
  std::vector<StageCondition> conditions;
  RebuildStages rebuild;  // needed when a condition repeats
  Machine machine = this_machine();
  /// Processes that share the named stage with this one; empty: there are none.
  std::function<std::unique_ptr<parallel::Team>(const std::string& stage)> team;
};

struct StageOutcome {
  Manifest manifest;
  bool ran = false;  // false: complete and unchanged, skipped
};

/// UserError naming the first input from outside of the run that is missing. `only` as in RunOptions.
void check_outside_inputs(const StageList& stages, const std::filesystem::path& run,
                          const std::vector<std::string>& only = {});

/// Everything that can be refused before a run directory is made: the graph, names in the options, conditions, missing
/// inputs from outside, and inputs from stages that `only` leaves out and that are not finished. Writes nothing.
void check_run(const StageList& stages, const std::filesystem::path& run, const RunOptions& options);

/// What the options say about each stage of a graph.
struct StageChoice {
  std::vector<bool> included;  // by only
  std::vector<bool> forced;  // by from
};
/// UserError with the nearest name for an unknown stage.
StageChoice choose_stages(const StageGraph& graph, const RunOptions& options);

/// Brings the included stages up to date; their outcomes in the order of the graph. Errors of stages pass through once
/// the stages beside have ended; finished stages stay finished. A condition that does not hold is a UserError, or
/// repeats its stage under the changed recipe: then all stages are looked at again. The order in which stages that run
/// side by side emit metrics depends on time.
std::vector<StageOutcome> run_stages(const StageList& stages, const RunDirectory& directory, core::MetricSink& metrics,
                                     const RunOptions& options = {});

}  // namespace r1::pipeline
