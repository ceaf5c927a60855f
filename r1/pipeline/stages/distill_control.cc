// Every (student, learning rate) is a run of its own; the best folder is copied out (distill_control.h).
#include "r1/pipeline/stages/distill_control.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/sampling.h"
#include "r1/pipeline/stages/students.h"
#include "r1/pipeline/stages/sub_run.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

double accuracy_of(const std::vector<eval::EvalItem>& items) {
  double right = 0.0;
  for (const eval::EvalItem& item : items) right += item.verdict.part("accuracy");
  return right / static_cast<double>(std::max<std::size_t>(1, items.size()));
}

}  // namespace

void fields(core::FieldVisitor& v, DistillControlConfig& c) {
  v("grpo", c.grpo, "RL of the students; its steps are an upper limit, the budget of compute ends it");
  v("learning_rates", c.learning_rates, "tried one after the other, each with the whole budget");
  v("against", c.against, "hard | soft: whose compute is the budget");
}

DistillControlStage::DistillControlStage(DistillControlConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  if (config_.learning_rates.empty()) user_error("distill_control.learning_rates: name at least one");
  if (config_.against != "hard" && config_.against != "soft")
    user_error("distill_control.against: \"{}\" is neither hard nor soft", config_.against);
  config_.grpo.seed = join_seeds(asking_.seed, config_.grpo.seed);
}

std::string DistillControlStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

std::vector<StageInput> DistillControlStage::inputs(const fs::path& run) const {
  return {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, "corpus/validation.jsonl"),
          from_run(run, "distill/compute.json"), from_run(run, "students/small"), from_run(run, "students/large")};
}

StagePlan DistillControlStage::plan(const fs::path&) const {
  return {.work = fmt::format("RL of both students with the compute of their {} distillation, {} learning rates each",
                              config_.against, config_.learning_rates.size())};
}

Metrics DistillControlStage::run(const StageContext& context) const {
  const auto compute = nlohmann::json::parse(core::read_file(context.run / "distill" / "compute.json"));
  const std::vector<data::Problem> validation =
      data::load_problems(context.run / "corpus" / "validation.jsonl").problems;
  const reward::IsolatedScorer scorer(core::dump_config(asking_.reward.rules), asking_.reward.isolation);
  Metrics metrics;
  for (const char* size : kStudents) {
    double best = -1.0;
    for (std::size_t i = 0; i < config_.learning_rates.size(); ++i) {
      const std::string trial = fmt::format("{}-{}", size, i);
      const fs::path model = context.state() / "models" / trial;
      const Metrics figures = run_once(context, trial, [&](const fs::path& state) -> Metrics {
        rl::GrpoConfig grpo = config_.grpo;
        grpo.adapter.merge = grpo.adapter.on();  // students are whole models
        grpo.optimizer.learning_rate = config_.learning_rates[i];
        grpo.optimizer.min_learning_rate = std::min(grpo.optimizer.min_learning_rate, config_.learning_rates[i]);
        grpo.max_flops = compute.at(fmt::format("{}_{}", size, config_.against)).get<double>();
        rl::GrpoInputs inputs;
        inputs.stage = "distill_control/" + trial;
        inputs.init_from = context.run / "students" / size;
        inputs.problems = data::load_problems(context.run / "corpus" / "rl_problems.jsonl").problems;
        inputs.prompt_template = asking_.prompt_template;
        inputs.scorer = &scorer;
        inputs.output = model;
        inputs.state = state;
        inputs.metrics = context.metrics;
        const rl::GrpoResult result = rl::run_grpo(grpo, inputs);
        const Asker asker{.model = model,
                          .engine = grpo.engine,
                          .reward = asking_.reward,
                          .prompt_template = asking_.prompt_template,
                          .seed = 1};
        const Sampled answers = sample_answers(asker,
                                               {.problems = static_cast<std::int64_t>(validation.size()),
                                                .samples = 1,
                                                .temperature = 0.0,
                                                .max_new_tokens = grpo.sampling.max_new_tokens},
                                               validation);
        return {{"learning_rate", config_.learning_rates[i]},
                {"steps", static_cast<double>(result.steps)},
                {"flops", result.flops},
                {"budget_flops", grpo.max_flops},
                {"validation_accuracy", accuracy_of(answers.items)}};
      });
      add_metrics(metrics, trial, figures);
      if (figure(figures, "validation_accuracy") <= best) continue;
      best = figure(figures, "validation_accuracy");
      fs::remove_all(context.directory / size);
      fs::copy(model, context.directory / size, fs::copy_options::recursive);
    }
  }
  return metrics;
}

}  // namespace r1::pipeline
