// Fills GrpoInputs from the run directory. Workers live as long as the stage runs.
#include "r1/pipeline/stages/zero.h"

#include <fmt/format.h>

#include <utility>

#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, RewardConfig& c) {
  v("rules", c.rules, "what earns how much");
  v("isolation", c.isolation, "worker processes of the scorer and their limits");
}

ZeroStage::ZeroStage(rl::GrpoConfig grpo, RewardConfig reward, std::string prompt_template, std::int64_t seed)
    : grpo_(std::move(grpo)), reward_(std::move(reward)), prompt_template_(std::move(prompt_template)) {
  grpo_.seed = join_seeds(seed, grpo_.seed);
}

std::string ZeroStage::config() const {
  return fmt::format("prompt_template: {:?}\n", prompt_template_) + core::dump_config(reward_) +
         core::dump_config(grpo_);
}

Metrics ZeroStage::run(const StageContext& context) const {
  const reward::IsolatedScorer scorer(core::dump_config(reward_.rules), reward_.isolation);
  rl::GrpoInputs inputs;
  inputs.stage = name();
  inputs.init_from = context.run / "pretrain" / "model";
  inputs.problems = data::load_problems(context.run / "corpus" / "rl_problems.jsonl").problems;
  inputs.prompt_template = prompt_template_;
  inputs.scorer = &scorer;
  inputs.output = context.directory / "model";
  inputs.state = context.state();
  inputs.completions = context.directory / "completions";
  inputs.metrics = context.metrics;
  const rl::GrpoResult result = rl::run_grpo(grpo_, inputs);
  return {{"steps", static_cast<double>(result.steps)},
          {"updates", static_cast<double>(result.updates)},
          {"sampled_tokens", static_cast<double>(result.sampled_tokens)},
          {"sampling_logp_difference_max", result.sampling_logp_difference_max},
          {"final_reward", result.final_reward}};
}

}  // namespace r1::pipeline
