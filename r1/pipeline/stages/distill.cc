// One set of R1's answers, two students, two ways of learning (distill.h).
#include "r1/pipeline/stages/distill.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/pipeline/stages/students.h"
#include "r1/pipeline/stages/sub_run.h"
#include "r1/weights/token_ids.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

std::vector<rl::DistillSequence> sequences_of(const std::vector<SftRecord>& records, const fs::path& model) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(model / "tokenizer.json");
  const std::int32_t eos = weights::load_eos_ids(model).front();
  std::vector<rl::DistillSequence> out;
  for (const SftRecord& record : records) {
    out.push_back({tokenizer.encode(record.prompt), tokenizer.encode(record.completion)});
    out.back().completion.push_back(eos);
  }
  return out;
}

}  // namespace

void fields(core::FieldVisitor& v, DistillStageConfig& c) {
  v("sample", c.sample, "what R1 is asked");
  v("general", c.general, "general prompts that R1 is asked, too");
  v("filter", c.filter, "which of its answers are taught");
  v("hard", c.hard, "SFT on the text of its answers");
  v("soft", c.soft, "divergence to its next-token distributions");
  v("with_soft", c.with_soft, "false: hard distillation only");
  v("engine", c.engine, "the rollout engine");
  v("seed", c.seed, "of prompts' order and sampling");
}

DistillStage::DistillStage(DistillStageConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  asking_.reward = with_language(asking_.reward, 1.0);
  config_.seed = join_seeds(asking_.seed, config_.seed);
  config_.hard.seed = join_seeds(asking_.seed, config_.hard.seed);
  config_.soft.seed = join_seeds(asking_.seed, config_.soft.seed);
}

std::string DistillStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

std::vector<StageInput> DistillStage::inputs(const fs::path& run) const {
  return {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, "corpus/general_prompts.jsonl"),
          from_run(run, "general_rl/model"), from_run(run, "students/small"), from_run(run, "students/large")};
}

std::vector<std::string> DistillStage::outputs() const {
  std::vector<std::string> outputs = {"compute.json", "distill.jsonl", "large_hard", "small_hard"};
  if (config_.with_soft) outputs.insert(outputs.end(), {"large_soft", "small_soft"});
  return outputs;
}

StagePlan DistillStage::plan(const fs::path&) const {
  return {
      .work = fmt::format("{} problems x {} samples of general_rl; two students, hard (SFT, {:g} epochs){}",
                          config_.sample.problems, config_.sample.samples, config_.hard.epochs,
                          config_.with_soft ? fmt::format(" and soft ({} divergence, {:.0f}% on-policy)",
                                                          config_.soft.divergence, 100 * config_.soft.on_policy_share)
                                            : ""),
      .memory_bytes = weight_bytes(asking_.size, config_.soft.dtype)};
}

DistillStage::Taught DistillStage::gather(const StageContext& context, Metrics& metrics) const {
  const fs::path corpus = context.run / "corpus";
  const Asker asker{.model = context.run / "general_rl" / "model",
                    .engine = config_.engine,
                    .reward = asking_.reward,
                    .prompt_template = asking_.prompt_template,
                    .seed = config_.seed};
  Taught taught;
  const std::vector<data::Problem> problems = choose_problems(
      data::load_problems(corpus / "rl_problems.jsonl").problems, config_.sample.problems, config_.seed);
  const Sampled reasoning = sample_answers(asker, config_.sample, problems);
  const Kept kept = filter_samples(reasoning.items, problems, config_.filter);
  for (const eval::EvalItem& item : kept.items)
    taught.records.push_back(
        record_of("r1", problems[static_cast<std::size_t>(item.problem)], item, asking_.prompt_template));
  for (const auto& [reason, count] : kept.dropped)
    metrics.emplace_back("dropped/" + reason, static_cast<double>(count));

  const std::vector<data::Problem> prompts = choose_problems(
      data::load_problems(corpus / "general_prompts.jsonl").problems, config_.general.problems, config_.seed);
  const Sampled general = sample_answers(asker, config_.general, prompts);
  for (const eval::EvalItem& item : general.items)
    if (item.finished)
      taught.records.push_back(
          record_of("r1", prompts[static_cast<std::size_t>(item.problem)], item, asking_.prompt_template));
  taught.sampling_flops = reasoning.flops + general.flops;
  metrics.emplace_back("sampled", static_cast<double>(reasoning.items.size() + general.items.size()));
  metrics.emplace_back("examples", static_cast<double>(taught.records.size()));
  metrics.emplace_back("teacher_sampling_flops", taught.sampling_flops);
  return taught;
}

Metrics DistillStage::run(const StageContext& context) const {
  Metrics metrics;
  const Taught taught = gather(context, metrics);
  write_records(context.directory / "distill.jsonl", taught.records);
  nlohmann::ordered_json compute = nlohmann::ordered_json::object();
  for (const char* size : kStudents) {
    const fs::path start = context.run / "students" / size;
    const auto finish = [&](const std::string& name, const Metrics& figures) {
      compute[name] = figure(figures, "flops") + taught.sampling_flops;
      add_metrics(metrics, name, figures);
    };
    const std::string hard = std::string(size) + "_hard", soft = std::string(size) + "_soft";
    finish(hard, run_once(context, hard, [&](const fs::path& state) -> Metrics {
             const SftOutcome sft = run_sft(config_.hard,
                                            {.stage = "distill/" + hard,
                                             .init_from = start,
                                             .output = context.directory / hard,
                                             .shard = context.state() / "examples.tokens",
                                             .state = state,
                                             .earlier = {}},
                                            taught.records, context.metrics);
             return {{"steps", static_cast<double>(sft.result.steps)},
                     {"parameters", static_cast<double>(sft.result.parameters)},
                     {"final_loss", sft.result.final_loss},
                     {"flops", sft.flops}};
           }));
    if (!config_.with_soft) continue;
    finish(soft, run_once(context, soft, [&](const fs::path& state) -> Metrics {
             rl::DistillInputs inputs;
             inputs.stage = "distill/" + soft;
             inputs.teacher = context.run / "general_rl" / "model";
             inputs.init_from = start;
             inputs.sequences = sequences_of(taught.records, start);
             inputs.output = context.directory / soft;
             inputs.state = state;
             inputs.metrics = context.metrics;
             const rl::DistillResult result = rl::distill(config_.soft, inputs);
             return {{"steps", static_cast<double>(result.steps)},
                     {"final_loss", result.final_loss},
                     {"flops", result.flops}};
           }));
  }
  core::write_file_atomic(context.directory / "compute.json", compute.dump(2) + "\n");
  return metrics;
}

}  // namespace r1::pipeline
