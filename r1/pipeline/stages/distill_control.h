// Stage `distill_control`: what distillation is measured against (DeepSeek-R1 section 4.1): each student trained by RL
// from the same start with the compute that its distillation took, the teacher's sampling included. Several learning
// rates are tried on the whole budget each; the best on validation problems is kept.
//   small large   model folders
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/rl/controller.h"

namespace r1::pipeline {

struct DistillControlConfig {
  rl::GrpoConfig grpo;                        // steps: an upper limit; the budget ends the run
  std::vector<double> learning_rates = {1e-4, 3e-4, 1e-3};
  std::string against = "hard";               // hard | soft: whose compute is the budget
};
void fields(core::FieldVisitor& v, DistillControlConfig& c);

class DistillControlStage : public Stage {
 public:
  DistillControlStage(DistillControlConfig config, Asking asking);
  std::string name() const override { return "distill_control"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;
  std::vector<std::string> outputs() const override { return {"large", "small"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  DistillControlConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
