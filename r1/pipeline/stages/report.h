// Stage `report`: what a run came to, as report.json (docs/formats.md) and one self-contained page report.html. It
// reads the stages' manifests, metrics.jsonl and, where these stages are, eval.json and table.json. Drawing is page/'s.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/page/report_data.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

class ReportStage : public Stage {
 public:
  /// `stages`: all others of the run, in their order.
  ReportStage(ReportConfig config, std::string recipe, std::vector<std::string> stages = default_report_stages())
      : config_(std::move(config)), recipe_(std::move(recipe)), stages_(std::move(stages)) {}
  std::string name() const override { return "report"; }
  std::string config() const override { return core::dump_config(config_); }
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"report.html", "report.json"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  ReportConfig config_;
  std::string recipe_;
  std::vector<std::string> stages_;
};

}  // namespace r1::pipeline
