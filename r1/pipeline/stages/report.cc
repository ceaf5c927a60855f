// Made again whenever any stage before it was, since its inputs are their manifests.
#include "r1/pipeline/stages/report.h"

#include <algorithm>

#include "r1/core/fs.h"
#include "r1/pipeline/page/page.h"

namespace r1::pipeline {

std::vector<StageInput> ReportStage::inputs(const std::filesystem::path& run) const {
  // A stage that ran again has another manifest (its seconds at least), and metrics.jsonl changes with its stages only.
  std::vector<StageInput> inputs;
  for (const std::string& stage : stages_) inputs.push_back(from_run(run, stage + "/" + kManifestFile));
  for (const std::string& stage : stages_) {
    if (stage == "eval") inputs.push_back(from_run(run, "eval/eval.json"));
    if (stage == "evaluate") inputs.push_back(from_run(run, "evaluate/table.json"));
  }
  return inputs;
}

StagePlan ReportStage::plan(const std::filesystem::path&) const {
  return {.work = "report.json and report.html from the manifests and metrics of all stages"};
}

Metrics ReportStage::run(const StageContext& context) const {
  const ReportData data = gather_report(context.run, recipe_, config_, stages_);
  core::write_file_atomic(context.directory / "report.json", report_json(data));
  core::write_file_atomic(context.directory / "report.html", report_html(data));
  const auto failed =
      std::count_if(data.checks.begin(), data.checks.end(), [](const Check& check) { return !check.pass; });
  return {{"checks", static_cast<double>(data.checks.size())}, {"failed_checks", static_cast<double>(failed)}};
}

}  // namespace r1::pipeline
