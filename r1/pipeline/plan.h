// `r1 run RECIPE --plan`: what a run would do to each stage and why, from the same checks as the run itself. It runs
// and writes nothing, works before anything has run and where inputs from outside are missing, and says so. What comes
// out of a stage that is to run is not known: whatever depends on it is counted as running.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "r1/pipeline/orchestrator.h"

namespace r1::pipeline {

struct PlannedInput {
  std::string name;
  std::string state;  // "there", "missing: PATH", "stage corpus makes it"
};

struct PlannedStage {
  std::string name;
  bool runs = false;
  std::string why;  // "new", "depends on stage corpus, which runs", "complete", "left out by --only", "refused: ..."
  std::vector<PlannedInput> inputs;
  std::vector<std::string> conditions;  // as sentences, with the figure where the stage is complete
  StagePlan plan;
  StageResources resources;
};

struct RunPlan {
  std::string recipe;
  std::filesystem::path run;
  bool exists = false;               // the run directory
  std::vector<std::string> changes;  // settings that conditions added in earlier runs
  std::vector<PlannedStage> stages;  // in the order of the graph
};

/// UserError for what makes no plan: a circle, unknown names in the options, a directory of another recipe.
RunPlan plan_run(const StageList& stages, const std::filesystem::path& run, const std::string& recipe,
                 const RunOptions& options);

/// For the terminal: a paragraph a stage, totals behind them.
std::string to_text(const RunPlan& plan);

/// Three digits and a decimal prefix: "1.5 GB", "340 TFLOP".
std::string human_amount(double amount, const std::string& unit);

}  // namespace r1::pipeline
