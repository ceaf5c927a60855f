// Stages for tests of the pipeline: they copy text, and fail, wait or measure what a test tells them to. The code under
// test never sees this.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/metric_sink.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

struct NullSink : core::MetricSink {
  void emit(const core::MetricRecord&) override {}
  void note(const std::string&, const std::string&) override {}
  void rewind(const std::string& stage, std::int64_t step) override {
    rewinds.push_back(stage + ":" + std::to_string(step));
  }
  std::vector<std::string> rewinds;
};

/// Writes out.txt = its text and what it reads, cut to `keep` characters; its figures are `figures` and the size.
struct FakeStage : Stage {
  std::string name_, config_ = "a: 1\n", text;
  std::vector<std::string> reads;  // of the run: "first/out.txt"
  std::filesystem::path outside;
  std::size_t keep = 100;
  bool fails = false;
  Metrics figures;
  StageResources takes;
  StagePlan planned;
  std::function<void(const StageContext&)> during;  // called while it runs
  mutable int runs = 0;
  mutable bool resumed = false;

  explicit FakeStage(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string config() const override { return config_; }
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    std::vector<StageInput> inputs;
    for (const std::string& path : reads) inputs.push_back(from_run(run, path));
    if (!outside.empty()) inputs.push_back({"set/" + outside.filename().string(), outside, true});
    return inputs;
  }
  std::vector<std::string> outputs() const override { return {"out.txt"}; }
  Metrics run(const StageContext& context) const override {
    ++runs;
    resumed = std::filesystem::exists(context.state() / "checkpoint");
    core::write_file_atomic(context.state() / "checkpoint", "half");
    if (during) during(context);
    if (fails) user_error("{} fails", name_);
    std::string content = text;
    for (const std::string& path : reads) content += core::read_file(context.run / path);
    core::write_file_atomic(context.directory / "out.txt", content.substr(0, keep));
    Metrics metrics = figures;
    metrics.emplace_back("size", static_cast<double>(content.size()));
    return metrics;
  }
  StagePlan plan(const std::filesystem::path&) const override { return planned; }
  StageResources resources() const override { return takes; }
};

/// Adds a stage to the list; the pointer lives as long as the list does.
inline FakeStage* add_stage(StageList& stages, const std::string& name, std::vector<std::string> reads = {}) {
  auto stage = std::make_unique<FakeStage>(name);
  stage->reads = std::move(reads);
  FakeStage* pointer = stage.get();
  stages.push_back(std::move(stage));
  return pointer;
}

/// The message of the UserError that `action` throws.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& e) {
    return e.what();
  }
  return "nothing thrown";
}

}  // namespace r1::pipeline
