// Both models are opened one after the other, so that memory holds one. Greedy answers decide; sampling the base is
// context.
#include "r1/pipeline/stages/eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// One model on one set of problems.
eval::EvalResult evaluate(const fs::path& folder, const eval::EvalConfig& config, const eval::EvalInputs& inputs,
                          const EvalStageConfig& stage) {
  rollout::Engine engine = rollout::Engine::open(folder, stage.engine, stage.dtype);
  return eval::run_evaluation(config, inputs, engine);
}

void write_items(const fs::path& file, const eval::EvalResult& result, const std::vector<data::Problem>& problems) {
  std::string lines;
  for (const eval::EvalItem& item : result.items)
    lines += eval::to_json_line(item, problems[static_cast<std::size_t>(item.problem)]) + "\n";
  core::write_file_atomic(file, lines);
}

/// Problems spread evenly over the held-out set, answered before and after.
Json page_samples(const eval::EvalResult& before, const eval::EvalResult& after,
                  const std::vector<data::Problem>& problems, std::int64_t count) {
  Json samples = Json::array();
  const auto total = static_cast<std::int64_t>(problems.size());
  for (std::int64_t i = 0; i < std::min(count, total); ++i) {
    const auto index = static_cast<std::size_t>(i * total / std::min(count, total));
    samples.push_back({{"before", Json::parse(eval::to_json_line(before.items[index], problems[index]))},
                       {"after", Json::parse(eval::to_json_line(after.items[index], problems[index]))}});
  }
  return samples;
}

void add_figures(const std::string& prefix, const eval::GroupReport& group, Metrics& metrics) {
  auto add = [&](const std::string& name, double value) {
    if (std::isfinite(value)) metrics.emplace_back(prefix + name, value);
  };
  add("pass_at_1", group.pass_at_1.value);
  add("lenient_accuracy", group.lenient_accuracy.value);
  add("format_rate", group.format_rate);
  add("mean_tokens", group.mean_tokens);
  for (const auto& [k, estimate] : group.pass_at_k) add(fmt::format("pass_at_{}", k), estimate.value);
}

Json json_of(const eval::Estimate& estimate) {
  return {{"value", estimate.value},
          {"standard_error", estimate.standard_error},
          {"low", estimate.low},
          {"high", estimate.high}};
}

}  // namespace

void fields(core::FieldVisitor& v, EvalStageConfig& c) {
  v("greedy", c.greedy, "how base and final model answer the held-out problems");
  v("sampled", c.sampled, "how the base is sampled for pass@k");
  v("sampled_problems", c.sampled_problems, "held-out problems (the first) that the base is sampled on; 0 = none");
  v("page_samples", c.page_samples, "answers shown side by side on the page");
  v("engine", c.engine, "the rollout engine");
  v("dtype", c.dtype, "f32 | bf16");
}

EvalStage::EvalStage(EvalStageConfig config, Asking asking) : config_(std::move(config)), asking_(std::move(asking)) {
  config_.greedy.seed = join_seeds(asking_.seed, config_.greedy.seed);
  config_.sampled.seed = join_seeds(asking_.seed, config_.sampled.seed);
}

std::string EvalStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

StagePlan EvalStage::plan(const fs::path&) const {
  return {.work = fmt::format("greedy answers of base and final model to the held-out problems; {} samples of {} from "
                              "the base",
                              config_.sampled.samples_per_problem, config_.sampled_problems),
          .memory_bytes = weight_bytes(asking_.size, config_.dtype)};
}

Metrics EvalStage::run(const StageContext& context) const {
  const std::vector<data::Problem> problems = data::load_problems(context.run / "corpus" / "heldout.jsonl").problems;
  const fs::path base = context.run / "pretrain" / "model";
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(base / "tokenizer.json");
  const reward::IsolatedScorer scorer(core::dump_config(asking_.reward.rules), asking_.reward.isolation);
  const eval::EvalInputs inputs{
      .problems = problems, .tokenizer = tokenizer, .scorer = scorer, .prompt_template = asking_.prompt_template};

  const eval::EvalResult before = evaluate(base, config_.greedy, inputs, config_);
  const eval::EvalResult after = evaluate(context.run / "zero" / "model", config_.greedy, inputs, config_);
  const eval::Estimate difference = eval::compare_pass_at_1(
      before.report, after.report,
      {.num_resamples = config_.greedy.bootstrap_resamples, .seed = static_cast<std::uint64_t>(config_.greedy.seed)});
  write_items(context.directory / "before.jsonl", before, problems);
  write_items(context.directory / "after.jsonl", after, problems);

  Metrics metrics;
  add_figures("before/", before.report.headline, metrics);
  add_figures("after/", after.report.headline, metrics);
  metrics.emplace_back("difference/pass_at_1", difference.value);
  Json json = {{"format", 1},
               {"before", Json::parse(eval::to_json(before.report))},
               {"after", Json::parse(eval::to_json(after.report))},
               {"before_samples", nullptr},
               {"difference", json_of(difference)},
               {"samples", page_samples(before, after, problems, config_.page_samples)}};
  if (config_.sampled_problems > 0) {
    const auto count = std::min(problems.size(), static_cast<std::size_t>(config_.sampled_problems));
    const std::vector<data::Problem> few(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(count));
    const eval::EvalInputs few_inputs{
        .problems = few, .tokenizer = tokenizer, .scorer = scorer, .prompt_template = asking_.prompt_template};
    const eval::EvalResult sampled = evaluate(base, config_.sampled, few_inputs, config_);
    json["before_samples"] = Json::parse(eval::to_json(sampled.report));
    add_figures("before_samples/", sampled.report.headline, metrics);
  }
  core::write_file_atomic(context.directory / "eval.json", json.dump(2) + "\n");
  return metrics;
}

}  // namespace r1::pipeline
