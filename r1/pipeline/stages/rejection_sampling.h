// Stage `rejection_sampling`: the data of the second fine-tuning (DeepSeek-R1 section 2.3.3; handbook rl.md A2.3): many
// samples a prompt from Dev2, kept where the rules say right, or, where no rule can, where a judge given the ground
// truth says so; mixed-language, over-long and unreadable chains of thought are dropped; general data is mixed in.
//   sft.jsonl   every example with its lineage (sft_records.h)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/judge_config.h"
#include "r1/pipeline/stages/sampling.h"
#include "r1/pipeline/stages/sft_records.h"

namespace r1::pipeline {

struct RejectionSamplingConfig {
  SampleConfig reasoning = {.problems = 1500, .samples = 4};
  SampleConfig judged = {.problems = 200, .samples = 4};  // general prompts that no rule can check
  double judge_min_score = 0.7;  // of a judge's grade in [0, 1]
  FilterConfig filter;
  double general_share = 0.25;  // of all examples: R1 has 600k of reasoning and 200k others
  JudgeConfig judge;
  rollout::EngineConfig engine;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, RejectionSamplingConfig& c);

class RejectionSamplingStage : public Stage {
 public:
  RejectionSamplingStage(RejectionSamplingConfig config, Asking asking);
  std::string name() const override { return "rejection_sampling"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"sft.jsonl"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  std::vector<SftRecord> reasoning(const Asker& asker, const StageContext& context, Metrics& metrics) const;
  std::vector<SftRecord> judged(const Asker& asker, const StageContext& context, Metrics& metrics) const;

  RejectionSamplingConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
