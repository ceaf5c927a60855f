// Stage `general_rl`: reinforcement learning for all scenarios, Dev3 -> R1 (DeepSeek-R1 section 2.3.4; handbook rl.md
// A2.4): rules and language on reasoning prompts all along; in the last `late_steps` also general prompts, rewarded by
// the learned helpful and safe models, format and language. It watches for reward hacking: accuracy on validation
// problems and the held-out judge's view must not fall while reward rises.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/pipeline/stages/rl_stage.h"

namespace r1::pipeline {

struct GeneralRlConfig : rl::GrpoConfig {
  double language_weight = 1.0;
  double helpful_weight = 1.0;  // of the helpful model's reward in [0, 1], on prompts of verifier "helpful"
  double safe_weight = 1.0;     // of the safe model's, on prompts of verifier "safe"
  std::int64_t watch_problems = 60;  // validation problems, and as many general prompts kept apart
};
void fields(core::FieldVisitor& v, GeneralRlConfig& c);

class GeneralRlStage : public RlStage {
 public:
  GeneralRlStage(const GeneralRlConfig& config, RlStageSetup setup);
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override;

 protected:
  std::shared_ptr<void> prepare(const StageContext& context, rl::GrpoInputs& inputs) const override;

 private:
  double helpful_weight_, safe_weight_;
  std::int64_t watch_problems_;
};

}  // namespace r1::pipeline
