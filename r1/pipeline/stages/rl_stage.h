// What the stages of reinforcement learning share: GRPO from one model folder to the next on the corpus's RL problems.
// The loop is rl's; the rules are reward's, run in killable worker processes. Which rewards and problems a stage adds
// is its own file's matter (zero.h, reasoning_rl.h, general_rl.h, distill_control.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/rl/controller.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

struct RlStageSetup {
  std::string name;       // of the stage and its directory
  std::string init_from;  // "pretrain/model"
  rl::GrpoConfig grpo;
  RewardConfig reward;
  std::string prompt_template;
  std::int64_t seed = 1;   // of the recipe
  model::ModelSize size;   // of the policy, for plans
};

class RlStage : public Stage {
 public:
  explicit RlStage(RlStageSetup setup);
  std::string name() const override { return setup_.name; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"completions", "model"}; }
  Metrics run(const StageContext& context) const override;
  bool shares_work() const override { return true; }
  StagePlan plan(const std::filesystem::path& run) const override;

 protected:
  const RlStageSetup& setup() const { return setup_; }
  /// Where the policy starts now.
  std::filesystem::path init_folder(const std::filesystem::path& run) const { return run / setup_.init_from; }
  /// What a stage adds to the inputs (scorer, late problems, watch); what it owns must outlive `run_grpo`. Called once
  /// per run; the rule scorer is already in `inputs.scorer`.
  virtual std::shared_ptr<void> prepare(const StageContext& context, rl::GrpoInputs& inputs) const;

 private:
  RlStageSetup setup_;
};

}  // namespace r1::pipeline
