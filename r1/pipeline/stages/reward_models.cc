// Four trainings on two data sets, each part of prompts its own (reward_models.h).
#include "r1/pipeline/stages/reward_models.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/pipeline/stages/sub_run.h"
#include "r1/rl/model_scorer.h"
#include "r1/weights/token_ids.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Token sequences as the scorer will make them.
class Sequences {
 public:
  Sequences(const fs::path& model, std::string prompt_template)
      : tokenizer_(tokenizer::Tokenizer::load(model / "tokenizer.json")),
        eos_(weights::load_eos_ids(model).front()),
        prompt_template_(std::move(prompt_template)) {}
  std::vector<std::int32_t> answer(const data::Problem& problem, const std::string& text) const {
    return of(problem, rl::ModelScorer::text(text, "answer").value_or(""));
  }
  std::vector<std::int32_t> response(const data::Problem& problem, const std::string& text) const {
    return of(problem, text);
  }

 private:
  std::vector<std::int32_t> of(const data::Problem& problem, const std::string& text) const {
    return rl::reward_sequence(tokenizer_, prompt_template_, problem.prompt, text, eos_);
  }
  tokenizer::Tokenizer tokenizer_;
  std::int32_t eos_;
  std::string prompt_template_;
};

void write_data(const RewardModelData& data, const RewardModelsConfig& config, const fs::path& directory) {
  std::string pairs, labels;
  const auto part = [&](std::int64_t problem) {
    return part_name(part_of(problem, config.judge_share, config.held_out_share, config.seed));
  };
  const auto dump = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; };
  for (const PreferencePair& p : data.pairs) {
    const data::Problem& problem = data.problems[static_cast<std::size_t>(p.problem)];
    pairs += dump({{"id", problem.id},
                   {"part", part(p.problem)},
                   {"prompt", problem.prompt},
                   {"chosen", p.chosen},
                   {"rejected", p.rejected},
                   {"gap", p.gap}});
  }
  for (const LabelledAnswer& a : data.labels) {
    const data::Problem& problem = data.problems[static_cast<std::size_t>(a.problem)];
    labels += dump({{"id", problem.id},
                    {"part", part(a.problem)},
                    {"prompt", problem.prompt},
                    {"completion", a.text},
                    {"label", a.safe}});
  }
  core::write_file_atomic(directory / "pairs.jsonl", pairs);
  core::write_file_atomic(directory / "labels.jsonl", labels);
}

/// One of the four models.
struct Training {
  const char* name;
  bool pairwise;
  Part train, held_out;
  fs::path init_from;
  std::int64_t seed;  // added to the configuration's
};

/// Its examples: pairs or labels of its parts of the prompts.
train::RewardModelInputs inputs_of(const Training& training, const RewardModelData& data, const Sequences& sequences,
                                   const RewardModelsConfig& config) {
  train::RewardModelInputs inputs;
  inputs.stage = "reward_models/" + std::string(training.name);
  inputs.init_from = training.init_from;
  const auto add = [&](std::int64_t problem, train::RewardExample example) {
    const Part part = part_of(problem, config.judge_share, config.held_out_share, config.seed);
    if (part == training.train)
      inputs.examples.push_back(std::move(example));
    else if (part == training.held_out)
      inputs.held_out.push_back(std::move(example));
  };
  const auto problem_of = [&](std::int64_t index) -> const data::Problem& {
    return data.problems[static_cast<std::size_t>(index)];
  };
  if (training.pairwise) {
    for (const PreferencePair& p : data.pairs)
      add(p.problem, {sequences.answer(problem_of(p.problem), p.chosen),
                      sequences.answer(problem_of(p.problem), p.rejected), 1.0});
  } else {
    for (const LabelledAnswer& a : data.labels)
      add(a.problem, {sequences.response(problem_of(a.problem), a.text), {}, a.safe ? 1.0 : 0.0});
  }
  if (inputs.examples.empty() || inputs.held_out.empty())
    user_error(
        "reward_models: {} has {} examples and {} held out; sample more prompts (sample.problems), or answers that "
        "differ more (sample.temperature)",
        training.name, inputs.examples.size(), inputs.held_out.size());
  return inputs;
}

}  // namespace

void fields(core::FieldVisitor& v, RewardModelsConfig& c) {
  v("sample", c.sample, "general prompts, and answers of Dev3 to each");
  v("min_gap", c.min_gap, "smallest gap of a judge's two scores in [0, 10] that is no tie");
  v("length_balance", c.length_balance, "largest difference of the mean lengths of chosen and rejected, in tokens");
  v("judge_share", c.judge_share, "share of the prompts for the two judges that RL never sees");
  v("held_out_share", c.held_out_share, "share of each part that only measures accuracy");
  v("helpful", c.helpful, "pairwise reward model");
  v("safe", c.safe, "point-wise reward model");
  v("judge", c.judge, "who compares and labels");
  v("engine", c.engine, "the rollout engine");
  v("seed", c.seed, "of prompts' order, sampling and splits");
}

RewardModelsStage::RewardModelsStage(RewardModelsConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  config_.seed = join_seeds(asking_.seed, config_.seed);
  config_.helpful.seed = join_seeds(asking_.seed, config_.helpful.seed);
  config_.safe.seed = join_seeds(asking_.seed, config_.safe.seed);
}

std::string RewardModelsStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

std::vector<StageInput> RewardModelsStage::inputs(const fs::path& run) const {
  return {from_run(run, "corpus/general_prompts.jsonl"), from_run(run, "sft/model"), from_run(run, "pretrain/model")};
}

StagePlan RewardModelsStage::plan(const fs::path&) const {
  return {.work = fmt::format(
              "{} general prompts x {} answers of sft, judged by {}; helpful (pairwise) and safe "
              "(point-wise), {} epochs, batch {}, learning rate {:g}; two judges of the same kinds from "
              "{:.0f}% of the prompts",
              config_.sample.problems, config_.sample.samples, config_.judge.kind, config_.helpful.epochs,
              config_.helpful.batch_size, config_.helpful.optimizer.learning_rate, 100 * config_.judge_share),
          .memory_bytes = training_bytes(asking_.size, config_.helpful.dtype)};
}

RewardModelData RewardModelsStage::gather(const StageContext& context, Metrics& metrics) const {
  std::map<std::string, std::int64_t> dropped;
  RewardModelData data;
  data.problems = data::load_problems(context.run / "corpus" / "general_prompts.jsonl").problems;
  std::erase_if(data.problems, [](const data::Problem& p) { return p.verifier != "helpful" && p.verifier != "safe"; });
  data.problems = choose_problems(data.problems, config_.sample.problems, config_.seed);
  const Asker asker{.model = context.run / "sft" / "model",
                    .engine = config_.engine,
                    .reward = asking_.reward,
                    .prompt_template = asking_.prompt_template,
                    .seed = config_.seed};
  const std::vector<eval::EvalItem> items = sample_answers(asker, config_.sample, data.problems).items;
  const std::unique_ptr<reward::Judge> judge = make_judge(config_.judge);
  data.pairs = judge_pairs(items, data.problems, *judge, config_.min_gap, dropped);
  metrics.emplace_back("pairs_judged", static_cast<double>(data.pairs.size()));
  metrics.emplace_back("dropped/length_balance",
                       static_cast<double>(balance_lengths(data.pairs, config_.length_balance)));
  data.labels = judge_labels(items, data.problems, *judge, dropped);
  for (const auto& [reason, count] : dropped) metrics.emplace_back("dropped/" + reason, static_cast<double>(count));
  metrics.emplace_back("pairs", static_cast<double>(data.pairs.size()));
  metrics.emplace_back("labels", static_cast<double>(data.labels.size()));
  write_data(data, config_, context.directory);
  return data;
}

Metrics RewardModelsStage::run(const StageContext& context) const {
  const fs::path dev3 = context.run / "sft" / "model", base = context.run / "pretrain" / "model";
  Metrics metrics;
  const RewardModelData data = gather(context, metrics);
  const Sequences sequences(dev3, asking_.prompt_template);
  // The judges start from the base and have another seed: what RL learns to please is not what judges.
  for (const Training& training : {Training{"helpful", true, Part::Train, Part::TrainHeldOut, dev3, 0},
                                   Training{"safe", false, Part::Train, Part::TrainHeldOut, dev3, 0},
                                   Training{"judge_helpful", true, Part::Judge, Part::JudgeHeldOut, base, 1},
                                   Training{"judge_safe", false, Part::Judge, Part::JudgeHeldOut, base, 1}}) {
    train::RewardModelConfig config = training.pairwise ? config_.helpful : config_.safe;
    config.seed += training.seed;
    train::RewardModelInputs inputs = inputs_of(training, data, sequences, config_);
    inputs.output = context.directory / training.name;
    inputs.metrics = context.metrics;
    const Metrics figures = run_once(context, training.name, [&](const fs::path& state) -> Metrics {
      inputs.state = state;
      const train::RewardModelResult result = train::train_reward_model(config, inputs);
      return {{"examples", static_cast<double>(inputs.examples.size())},
              {"steps", static_cast<double>(result.steps)},
              {"final_loss", result.final_loss},
              {"train_accuracy", result.train_accuracy},
              {"held_out_accuracy", result.held_out_accuracy},
              {"flops", result.flops}};
    });
    add_metrics(metrics, training.name, figures);
  }
  return metrics;
}

}  // namespace r1::pipeline
