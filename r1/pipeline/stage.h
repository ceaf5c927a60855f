// What every stage of a recipe looks like: its configuration, what it reads, what it writes, and run(). A stage works
// in its own directory and knows other stages only by the files it reads. When to run it is orchestrator.h's matter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/core/metric_sink.h"
#include "r1/parallel/process_group.h"
#include "r1/pipeline/manifest.h"

namespace r1::pipeline {

/// Something a stage reads. `name` goes into the manifest (InputRecord::path), `path` is where it lies now. Unless it
/// is from outside, the first component of its name is the stage that makes it ("corpus/heldout.jsonl").
struct StageInput {
  std::string name;
  std::filesystem::path path;
  bool outside = false;  // not made by this run: must be there before anything starts
};

/// Where a stage works.
struct StageContext {
  std::filesystem::path run;        // the run directory
  std::filesystem::path directory;  // run / name
  core::MetricSink* metrics = nullptr;
  parallel::ProcessGroup* group = nullptr;  // processes that share the work (shares_work()); null: one

  /// Working state of an unfinished stage; what lies here survives a kill and is gone from a finished stage.
  std::filesystem::path state() const { return directory / "r1_state"; }
};

/// What a stage expects of its work, for `r1 run --plan`. Estimates; 0 = unknown.
struct StagePlan {
  std::string work;         // one sentence: on which data, how many steps
  double memory_bytes = 0;  // at its peak
  double flops = 0;         // of the whole stage
};

/// What a stage takes while it runs. One that takes all cores runs alone.
struct StageResources {
  std::int64_t cores = 0;  // 0 = all of them
  double memory_bytes = 0;
  std::int64_t gpus = 0;
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string name() const = 0;
  /// Resolved YAML of everything that decides the outputs, beside the inputs.
  virtual std::string config() const = 0;
  virtual std::vector<StageInput> inputs(const std::filesystem::path& run) const = 0;
  /// Files or folders of the stage's directory that it has written when run() returns.
  virtual std::vector<std::string> outputs() const = 0;
  /// Does the work, or the rest of it when context.state() holds a checkpoint. Returns the stage's figures.
  virtual Metrics run(const StageContext& context) const = 0;
  /// What run() would do. Must not fail where inputs are missing: nothing may have run yet.
  virtual StagePlan plan(const std::filesystem::path& /*run*/) const { return {}; }
  /// run() may be called by several processes at once, with a group: they share the work, and rank 0 alone writes.
  virtual bool shares_work() const { return false; }
  /// Decides beside whom it may run, and nothing about its results.
  virtual StageResources resources() const { return {}; }
};

using StageList = std::vector<std::unique_ptr<Stage>>;

/// An input that another stage of the run wrote: name and place are the same, relative to the run directory.
inline StageInput from_run(const std::filesystem::path& run, const std::string& path) {
  return {path, run / path, false};
}

}  // namespace r1::pipeline
