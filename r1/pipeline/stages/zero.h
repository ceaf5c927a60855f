// Stage `zero`: R1-Zero, reinforcement learning on the pre-trained base with rule rewards alone (handbook rl.md A1).
// The loop is rl's, the rules are reward's; the scorer runs in killable worker processes.
#pragma once

#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/pipeline/stage.h"
#include "r1/reward/isolated_scorer.h"
#include "r1/reward/rule_scorer.h"
#include "r1/rl/controller.h"

namespace r1::pipeline {

/// The rules and the processes that they run in.
struct RewardConfig {
  reward::RuleScorerConfig rules;
  reward::IsolationConfig isolation;
};
void fields(core::FieldVisitor& v, RewardConfig& c);

class ZeroStage : public Stage {
 public:
  ZeroStage(rl::GrpoConfig grpo, RewardConfig reward, std::string prompt_template, std::int64_t seed);
  std::string name() const override { return "zero"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    return {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, "pretrain/model")};
  }
  std::vector<std::string> outputs() const override { return {"completions", "model"}; }
  Metrics run(const StageContext& context) const override;

 private:
  rl::GrpoConfig grpo_;
  RewardConfig reward_;
  std::string prompt_template_;
};

}  // namespace r1::pipeline
