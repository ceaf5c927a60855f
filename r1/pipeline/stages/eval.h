// Stage `eval`: the pre-trained base and the model after RL on the same held-out problems: greedy pass@1, lenient
// accuracy, format rate, tokens, by family and level, with intervals and the paired difference; for the base also
// pass@k of many samples, which says what RL could have found. Figures and samples are eval's; here is what is asked of
// whom.
//   eval.json             {"format","before","after","before_samples","difference","samples":[...]}
//   before.jsonl, after.jsonl   every greedy answer (eval::to_json_line)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/eval/runner.h"
#include "r1/pipeline/stage.h"
#include "r1/pipeline/stages/reward_config.h"
#include "r1/rollout/engine.h"

namespace r1::pipeline {

struct EvalStageConfig {
  eval::EvalConfig greedy;  // of both models
  eval::EvalConfig sampled;  // of the base: pass@k
  std::int64_t sampled_problems = 500;  // of the held-out ones, the first; 0 = no sampling
  std::int64_t page_samples = 12;  // answers shown side by side on the page
  rollout::EngineConfig engine;
  std::string dtype = "f32";

  EvalStageConfig() {
    sampled.samples_per_problem = 64;
    sampled.temperature = 1.0;
  }
};
void fields(core::FieldVisitor& v, EvalStageConfig& c);

class EvalStage : public Stage {
 public:
  EvalStage(EvalStageConfig config, Asking asking);
  std::string name() const override { return "eval"; }
  std::string config() const override;
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    return {from_run(run, "corpus/heldout.jsonl"), from_run(run, "pretrain/model"), from_run(run, "zero/model")};
  }
  std::vector<std::string> outputs() const override { return {"after.jsonl", "before.jsonl", "eval.json"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  EvalStageConfig config_;
  Asking asking_;
};

}  // namespace r1::pipeline
