// Stage `distill`: R1 into smaller students (DeepSeek-R1 section 2.4; handbook rl.md A3). R1's samples on the RL
// problems are filtered as in rejection sampling; each student learns from them twice, from the same start: hard (SFT
// on the text, as the paper does) and soft (divergence of the next-token distributions, off- or on-policy).
//   distill.jsonl   the examples (sft_records.h)
//   compute.json    FLOPs each student took, the teacher's sampling included: what the RL control may spend
//   small_hard small_soft large_hard large_soft   model folders
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stages/sampling.h"
#include "r1/pipeline/stages/sft_run.h"
#include "r1/rl/distill.h"

namespace r1::pipeline {

struct DistillStageConfig {
  SampleConfig sample = {.problems = 1500, .samples = 2};
  SampleConfig general = {.problems = 300, .samples = 1, .temperature = 0.7};  // general prompts, unfiltered
  FilterConfig filter;
  SftConfig hard;
  rl::DistillConfig soft;
  bool with_soft = true;
  rollout::EngineConfig engine;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, DistillStageConfig& c);

class DistillStage : public Stage {
 public:
  DistillStage(DistillStageConfig config, Asking asking);
  std::string name() const override { return "distill"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override;
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  struct Taught {
    std::vector<SftRecord> records;
    double sampling_flops = 0.0;
  };
  Taught gather(const StageContext& context, Metrics& metrics) const;

  DistillStageConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
