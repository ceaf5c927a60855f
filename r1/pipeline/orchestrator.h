// Runs stages in their order: skips what is complete and unchanged (same configuration, same inputs, outputs as
// written), runs the others, resumes what a kill interrupted. What depends on a stage runs again only when that stage's
// outputs have other bytes. It knows no particular stage. A run directory: run.json (whose it is), recipe.yaml
// (resolved), one directory a stage, metrics beside them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/core/metric_sink.h"
#include "r1/pipeline/manifest.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

/// A run directory that this process alone uses.
class RunDirectory {
 public:
  /// Makes the directory, or takes over one that an earlier run of the same recipe left. `resolved` is the recipe as
  /// YAML. UserError when it belongs to another recipe (both are named), holds other things, or is in use by another
  /// process.
  RunDirectory(std::filesystem::path path, const std::string& recipe_name, const std::string& resolved);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::string& recipe() const { return recipe_; }

 private:
  std::filesystem::path path_;
  std::string recipe_;
  int lock_ = -1;
};

struct StageOutcome {
  Manifest manifest;
  bool ran = false;  // false: complete and unchanged, skipped
};

using StageList = std::vector<std::unique_ptr<Stage>>;

/// UserError naming the first input from outside of the run that is missing. Call it before a run directory is made.
void check_outside_inputs(const StageList& stages, const std::filesystem::path& run);

/// Brings every stage up to date, in order. Errors of stages pass through; finished stages stay finished.
std::vector<StageOutcome> run_stages(const StageList& stages, const RunDirectory& directory, core::MetricSink& metrics);

}  // namespace r1::pipeline
