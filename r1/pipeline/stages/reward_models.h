// Stage `reward_models`: learned rewards for what no rule can check (DeepSeek-R1, general RL; handbook rl.md A2.4):
// `helpful` from pairs of Dev3's own answers that a judge compared in both orders (ties dropped, lengths balanced), and
// `safe` from single answers that a judge called safe or unsafe. Beside them two judges of the same kinds from other
// prompts, another start and another seed: reinforcement learning never sees those, evaluation asks them.
//   helpful safe judge_helpful judge_safe   reward model folders (train/reward_model.h)
//   pairs.jsonl labels.jsonl                what they were trained on
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/judge_config.h"
#include "r1/pipeline/stages/preference_data.h"
#include "r1/pipeline/stages/sampling.h"
#include "r1/train/reward_model.h"

namespace r1::pipeline {

struct RewardModelsConfig {
  SampleConfig sample = {.problems = 800, .samples = 4};
  double min_gap = 1.0;  // between a judge's two scores in [0, 10]: smaller ones are ties
  double length_balance = 0.5;  // largest difference of the mean lengths of chosen and rejected, in tokens
  double judge_share = 0.4;  // of the prompts: for the two judges
  double held_out_share = 0.15;  // of each part: for accuracy
  train::RewardModelConfig helpful;
  train::RewardModelConfig safe;
  JudgeConfig judge;
  rollout::EngineConfig engine;
  std::int64_t seed = 1;
  RewardModelsConfig() { safe.kind = "pointwise"; }
};
void fields(core::FieldVisitor& v, RewardModelsConfig& c);

/// What the four models learn from.
struct RewardModelData {
  std::vector<data::Problem> problems;
  std::vector<PreferencePair> pairs;
  std::vector<LabelledAnswer> labels;
};

class RewardModelsStage : public Stage {
 public:
  RewardModelsStage(RewardModelsConfig config, Asking asking);
  std::string name() const override { return "reward_models"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override {
    return {"helpful", "judge_helpful", "judge_safe", "labels.jsonl", "pairs.jsonl", "safe"};
  }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  RewardModelData gather(const StageContext& context, Metrics& metrics) const;

  RewardModelsConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
