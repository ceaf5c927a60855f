// One model at a time in memory; every measure is a list of values, one a problem, so that comparisons pair them.
#include "r1/pipeline/stages/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/nearest.h"
#include "r1/data/loaders.h"
#include "r1/eval/runner.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/rl/model_scorer.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const std::vector<std::string>& measure_names() {
  static const std::vector<std::string> names = {"maths",     "code",        "logic",       "science",
                                                 "knowledge", "instruction", "translation", "format",
                                                 "language",  "helpful",     "safe",        "length"};
  return names;
}

/// "distill/small_hard" -> "distill-small_hard.jsonl".
std::string file_name(const EvaluatedModel& model) {
  std::string name = model.folder;
  std::replace(name.begin(), name.end(), '/', '-');
  return name + ".jsonl";
}

/// Values of one model, a measure: one a problem, in the problems' order.
using Values = std::map<std::string, std::vector<double>>;

std::string measure_of(const data::Problem& problem) {
  if (problem.domain == "physics" || problem.domain == "chemistry") return "science";
  return problem.domain == "general" ? problem.family : problem.domain;
}

class Evaluation {
 public:
  Evaluation(const EvaluateConfig& config, const RewardConfig& reward, const std::string& prompt_template,
             const StageContext& context)
      : config_(config),
        context_(context),
        prompt_template_(prompt_template),
        scorer_(core::dump_config(reward.rules), reward.isolation),
        reasoning_(data::load_problems(context.run / "corpus" / "heldout.jsonl").problems) {
    for (data::Problem& problem : data::load_problems(context.run / "corpus" / "general_heldout.jsonl").problems)
      (reward::has_accuracy(problem.verifier) ? ruled_ : open_).push_back(std::move(problem));
    if (!config.judges) return;
    const fs::path models = context.run / "reward_models";
    helpful_ = std::make_unique<rl::ModelScorer>(
        models / "judge_helpful", rl::ModelScorerConfig{.part = "helpful", .reads = "answer"}, prompt_template);
    safe_ = std::make_unique<rl::ModelScorer>(
        models / "judge_safe", rl::ModelScorerConfig{.part = "safe", .reads = "response"}, prompt_template);
  }

  Values ask(const EvaluatedModel& model) {
    const fs::path folder = context_.run / model.folder;
    rollout::Engine engine = rollout::Engine::open(folder, config_.engine, config_.dtype);
    const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(folder / "tokenizer.json");
    std::string lines;
    const auto answers = [&](const std::vector<data::Problem>& problems, std::int64_t samples, double temperature) {
      if (problems.empty()) return std::vector<eval::EvalItem>();
      eval::EvalConfig eval;
      eval.samples_per_problem = samples;
      eval.temperature = temperature;
      eval.max_new_tokens = config_.max_new_tokens;
      eval.seed = config_.seed;
      eval.bootstrap_resamples = 1;
      const eval::EvalInputs inputs{
          .problems = problems, .tokenizer = tokenizer, .scorer = scorer_, .prompt_template = prompt_template_};
      std::vector<eval::EvalItem> items = eval::run_evaluation(eval, inputs, engine).items;
      for (const eval::EvalItem& item : items)
        lines += eval::to_json_line(item, problems[static_cast<std::size_t>(item.problem)]) + "\n";
      return items;
    };
    Values values;
    answers_.push_back(answers(reasoning_, 1, 0.0));
    add_reasoning(answers_.back(), values);
    for (const eval::EvalItem& item : answers(ruled_, 1, 0.0))
      values[measure_of(ruled_[static_cast<std::size_t>(item.problem)])].push_back(item.verdict.part("accuracy"));
    if (config_.judges) add_open(answers(open_, config_.open_samples, config_.open_temperature), values);
    core::write_file_atomic(context_.directory / "answers" / file_name(model), lines);
    return values;
  }

  /// Problems spread evenly over the held-out ones, with every model's answer.
  Json samples() const {
    Json out = Json::array();
    const auto total = static_cast<std::int64_t>(reasoning_.size()), count = std::min(config_.page_samples, total);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(i * total / count);
      Json sample = {{"prompt", reasoning_[index].prompt},
                     {"answer", reasoning_[index].answer},
                     {"family", reasoning_[index].family},
                     {"level", reasoning_[index].difficulty},
                     {"answers", Json::array()}};
      for (std::size_t m = 0; m < answers_.size(); ++m) {
        const eval::EvalItem& item = answers_[m][index];
        sample["answers"].push_back({{"model", config_.models[m].name},
                                     {"completion", item.text},
                                     {"right", item.verdict.part("accuracy") == 1.0},
                                     {"language", item.verdict.part("language")},
                                     {"num_tokens", item.num_tokens}});
      }
      out.push_back(std::move(sample));
    }
    return out;
  }

 private:
  void add_reasoning(const std::vector<eval::EvalItem>& items, Values& values) const {
    for (const eval::EvalItem& item : items) {
      values[measure_of(reasoning_[static_cast<std::size_t>(item.problem)])].push_back(item.verdict.part("accuracy"));
      values["format"].push_back(item.verdict.part("format"));
      values["language"].push_back(item.verdict.part("language"));
      values["length"].push_back(static_cast<double>(item.num_tokens));
    }
  }

  /// The judges' mean reward over a prompt's samples, one value a prompt.
  void add_open(const std::vector<eval::EvalItem>& items, Values& values) const {
    for (const auto& [verifier, judge] : {std::pair("helpful", helpful_.get()), std::pair("safe", safe_.get())}) {
      std::vector<reward::RewardInput> asked;
      for (const eval::EvalItem& item : items) {
        const data::Problem& problem = open_[static_cast<std::size_t>(item.problem)];
        if (problem.verifier == verifier)
          asked.push_back({problem.prompt, item.text, problem.answer, problem.verifier, "", item.finished, ""});
      }
      const std::vector<reward::Verdict> verdicts = judge->score_batch(asked);
      const auto samples = static_cast<std::size_t>(config_.open_samples);
      for (std::size_t first = 0; first < verdicts.size(); first += samples) {
        double sum = 0.0;
        for (std::size_t i = first; i < first + samples; ++i) sum += verdicts[i].score;
        values[verifier].push_back(sum / static_cast<double>(samples));
      }
    }
  }

  const EvaluateConfig& config_;
  const StageContext& context_;
  const std::string& prompt_template_;
  reward::IsolatedScorer scorer_;
  std::vector<data::Problem> reasoning_, ruled_, open_;  // open_: no rule can check them
  std::unique_ptr<rl::ModelScorer> helpful_, safe_;
  std::vector<std::vector<eval::EvalItem>> answers_;  // to reasoning problems, a model
};

Json json_of(const eval::Estimate& estimate, std::size_t count) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}, {"problems", count}};
}

eval::Estimate compare(const Comparison& comparison, const std::map<std::string, Values>& all,
                       const eval::BootstrapConfig& bootstrap) {
  const Values& values = all.at(comparison.model);
  const auto found = values.find(comparison.measure);
  if (found == values.end())
    user_error("evaluate.comparisons: {}: there is no held-out problem for {}", comparison.name, comparison.measure);
  if (comparison.against.empty()) return eval::bootstrap_mean(found->second, bootstrap);
  return eval::bootstrap_difference(all.at(comparison.against).at(comparison.measure), found->second, bootstrap);
}

}  // namespace

void fields(core::FieldVisitor& v, EvaluatedModel& c) {
  v("name", c.name, "in the table");
  v("folder", c.folder, "model folder within the run");
}

void fields(core::FieldVisitor& v, Comparison& c) {
  v("name", c.name, "of the check");
  v("measure", c.measure, "column of the table");
  v("model", c.model, "whose figure");
  v("against", c.against, "minus whose figure (paired); empty = the figure itself");
}

void fields(core::FieldVisitor& v, EvaluateConfig& c) {
  v("models", c.models, "rows of the table");
  v("comparisons", c.comparisons, "figures that the report checks");
  v("max_new_tokens", c.max_new_tokens, "tokens of an answer at most");
  v("open_samples", c.open_samples, "answers to each open-ended prompt (helpful, safe)");
  v("open_temperature", c.open_temperature, "their sampling temperature");
  v("bootstrap_resamples", c.bootstrap_resamples, "bootstrap resamples over problems");
  v("page_samples", c.page_samples, "problems whose answers stand side by side on the page");
  v("judges", c.judges, "helpful and safe by the judges of stage reward_models");
  v("engine", c.engine, "the rollout engine");
  v("dtype", c.dtype, "f32 | bf16");
  v("seed", c.seed, "of the bootstrap");
}

void check_evaluate_config(const EvaluateConfig& config) {
  std::vector<std::string> models;
  for (const EvaluatedModel& model : config.models) models.push_back(model.name);
  const auto check = [](const std::string& where, const std::string& name, const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string near = core::nearest(name, known);
    user_error("evaluate.comparisons: {}: there is no \"{}\"{}", where, name,
               near.empty() ? "" : fmt::format("; did you mean {}?", near));
  };
  if (std::set<std::string>(models.begin(), models.end()).size() != models.size())
    user_error("evaluate.models: two models have the same name");
  for (const Comparison& comparison : config.comparisons) {
    check(comparison.name, comparison.model, models);
    if (!comparison.against.empty()) check(comparison.name, comparison.against, models);
    check(comparison.name, comparison.measure, measure_names());
  }
}

EvaluateStage::EvaluateStage(EvaluateConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  asking_.reward = with_language(asking_.reward, 1.0);
  check_evaluate_config(config_);
  config_.seed = join_seeds(asking_.seed, config_.seed);
}

std::string EvaluateStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

std::vector<StageInput> EvaluateStage::inputs(const fs::path& run) const {
  std::vector<StageInput> inputs = {from_run(run, "corpus/heldout.jsonl"),
                                    from_run(run, "corpus/general_heldout.jsonl")};
  for (const EvaluatedModel& model : config_.models) inputs.push_back(from_run(run, model.folder));
  if (config_.judges) {
    inputs.push_back(from_run(run, "reward_models/judge_helpful"));
    inputs.push_back(from_run(run, "reward_models/judge_safe"));
  }
  return inputs;
}

StagePlan EvaluateStage::plan(const fs::path&) const {
  std::string names;
  for (const EvaluatedModel& model : config_.models) names += (names.empty() ? "" : ", ") + model.name;
  return {.work = fmt::format("answers of {} to all held-out problems and prompts", names),
          .memory_bytes = weight_bytes(asking_.size, config_.dtype)};
}

Metrics EvaluateStage::run(const StageContext& context) const {
  Evaluation evaluation(config_, asking_.reward, asking_.prompt_template, context);
  std::map<std::string, Values> all;
  const eval::BootstrapConfig bootstrap{.num_resamples = config_.bootstrap_resamples,
                                        .seed = static_cast<std::uint64_t>(config_.seed)};
  Json json = {{"format", 1},
               {"measures", measure_names()},
               {"models", Json::array()},
               {"table", Json::object()},
               {"comparisons", Json::array()},
               {"samples", nullptr}};
  Metrics metrics;
  for (const EvaluatedModel& model : config_.models) {
    const Values& values = all[model.name] = evaluation.ask(model);
    json["models"].push_back({{"name", model.name}, {"folder", model.folder}});
    Json row = Json::object();
    for (const std::string& measure : measure_names()) {
      const auto found = values.find(measure);
      if (found == values.end()) continue;
      const eval::Estimate estimate = eval::bootstrap_mean(found->second, bootstrap);
      row[measure] = json_of(estimate, found->second.size());
      metrics.emplace_back(model.name + "/" + measure, estimate.value);
    }
    json["table"][model.name] = std::move(row);
  }
  for (const Comparison& comparison : config_.comparisons) {
    const eval::Estimate estimate = compare(comparison, all, bootstrap);
    Json entry = {{"name", comparison.name},
                  {"measure", comparison.measure},
                  {"model", comparison.model},
                  {"against", comparison.against}};
    entry.update(json_of(estimate, all.at(comparison.model).at(comparison.measure).size()));
    json["comparisons"].push_back(std::move(entry));
    metrics.emplace_back("comparison/" + comparison.name, estimate.value);
  }
  json["samples"] = evaluation.samples();
  core::write_file_atomic(context.directory / "table.json",
                          json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return metrics;
}

}  // namespace r1::pipeline
