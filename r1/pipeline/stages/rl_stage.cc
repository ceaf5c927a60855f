// Fills GrpoInputs from the run directory. Workers live as long as the stage runs.
#include "r1/pipeline/stages/rl_stage.h"

#include <fmt/format.h>

#include <utility>

#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

RlStage::RlStage(RlStageSetup setup) : setup_(std::move(setup)) {
  setup_.grpo.adapter.merge = setup_.grpo.adapter.on();  // stages hand on whole models
  setup_.grpo.seed = join_seeds(setup_.seed, setup_.grpo.seed);
}

std::string RlStage::config() const {
  return fmt::format("prompt_template: {:?}\n", setup_.prompt_template) + core::dump_config(setup_.reward) +
         core::dump_config(setup_.grpo);
}

std::vector<StageInput> RlStage::inputs(const std::filesystem::path& run) const {
  return {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, setup_.init_from)};
}

std::shared_ptr<void> RlStage::prepare(const StageContext&, rl::GrpoInputs&) const { return nullptr; }

StagePlan RlStage::plan(const std::filesystem::path&) const {
  const rl::GrpoConfig& c = setup_.grpo;
  const auto updates = static_cast<double>(c.mini_batches * c.inner_epochs);
  const auto samples = static_cast<double>(c.steps * c.prompts_per_step * c.group_size);
  StagePlan plan;
  plan.work = fmt::format(
      "GRPO from {}: {} steps of {} prompts x {} samples, {} updates each ({:g} in all), learning rate {:g}, clip "
      "{:g}/{:g}, KL {:g} (reference every {} updates), temperature {:g}, at most {} tokens a sample",
      setup_.init_from, c.steps, c.prompts_per_step, c.group_size, updates, updates * static_cast<double>(c.steps),
      c.optimizer.learning_rate, c.clip_low, c.clip_high, c.kl_coefficient, c.reference_every, c.sampling.temperature,
      c.sampling.max_new_tokens);
  if (c.late_steps > 0)
    plan.work += fmt::format("; in the last {} steps {:.0f}% preference prompts", c.late_steps, 100 * c.late_share);
  plan.memory_bytes = training_bytes(setup_.size, c.dtype) +
                      (c.kl_coefficient > 0.0 || c.kl_log_every > 0 ? weight_bytes(setup_.size, c.dtype) : 0.0);
  // Every sample taken at half of its longest length.
  const double tokens = samples * static_cast<double>(c.sampling.max_new_tokens) / 2.0;
  plan.flops = train::forward_flops(setup_.size.active_parameters, tokens * (c.kl_coefficient > 0.0 ? 2.0 : 1.0)) +
               train::training_flops(setup_.size.active_parameters, tokens * static_cast<double>(c.inner_epochs));
  return plan;
}

Metrics RlStage::run(const StageContext& context) const {
  const reward::IsolatedScorer scorer(core::dump_config(setup_.reward.rules), setup_.reward.isolation);
  rl::GrpoInputs inputs;
  inputs.stage = name();
  inputs.init_from = init_folder(context.run);
  inputs.problems = data::load_problems(context.run / "corpus" / "rl_problems.jsonl").problems;
  inputs.prompt_template = setup_.prompt_template;
  inputs.scorer = &scorer;
  inputs.output = context.directory / "model";
  inputs.state = context.state();
  inputs.completions = context.directory / "completions";
  inputs.metrics = context.metrics;
  inputs.group = context.group;
  const std::shared_ptr<void> kept = prepare(context, inputs);
  const rl::GrpoResult result = rl::run_grpo(setup_.grpo, inputs);
  return {{"steps", static_cast<double>(result.steps)},
          {"updates", static_cast<double>(result.updates)},
          {"sampled_tokens", static_cast<double>(result.sampled_tokens)},
          {"flops", result.flops},
          {"sampling_logp_difference_max", result.sampling_logp_difference_max},
          {"watch_alerts", static_cast<double>(result.watch_alerts)},
          {"final_reward", result.final_reward}};
}

}  // namespace r1::pipeline
