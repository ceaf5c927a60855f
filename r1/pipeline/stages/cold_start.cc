// Gathering is deterministic and quick beside training: a kill in it starts it anew, a kill in training resumes there.
#include "r1/pipeline/stages/cold_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/pipeline/stages/review.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr const char* kEndpoint = "endpoint";

bool is_outside(const std::string& model) { return model.starts_with("/") || model.starts_with("."); }

fs::path folder_of(const fs::path& run, const std::string& model) {
  return is_outside(model) ? fs::path(model) : run / model;
}

/// The template with worked examples and an instruction before the question.
std::string prompting(const ColdStartSource& source, const std::string& prompt_template,
                      const std::vector<SftRecord>& examples) {
  std::string out;
  for (std::int64_t i = 0; i < source.shots; ++i) {
    const SftRecord& example = examples[static_cast<std::size_t>(i)];
    out += example.prompt + example.completion + "\n";
  }
  if (!source.instruction.empty()) out += source.instruction + "\n";
  return out + prompt_template;
}

std::vector<eval::EvalItem> from_endpoint(const ColdStartSource& source, const Asker& asker,
                                          const std::vector<data::Problem>& problems) {
  const reward::IsolatedScorer scorer(core::dump_config(asker.reward.rules), asker.reward.isolation);
  return sample_endpoint(source.endpoint, asker, source.sample, problems, scorer);
}

void check(const ColdStartConfig& config) {
  if (config.sources.empty()) user_error("cold_start.sources: name at least one source of examples");
  std::set<std::string> names;
  for (const ColdStartSource& source : config.sources) {
    if (!names.insert(source.name).second) user_error("cold_start.sources: two are called \"{}\"", source.name);
    if (source.shots < 0) user_error("cold_start.sources: {}: shots is {}", source.name, source.shots);
    if (source.shots > 0 && names.size() == 1)
      user_error("cold_start.sources: {}: shots come from the sources before it, and it is the first", source.name);
  }
}

}  // namespace

void fields(core::FieldVisitor& v, ColdStartSource& c) {
  v("name", c.name, "of the source, in the lineage of its examples");
  v("model", c.model, "model folder within the run (zero/model), a path that begins with / or ., or endpoint");
  v("endpoint", c.endpoint, "the service of model: endpoint");
  v("shots", c.shots, "worked examples before the question, taken from the sources before this one");
  v("instruction", c.instruction, "text before the question, e.g. to ask for reflection");
  v("sample", c.sample, "what is asked and how");
  v("min_reflection_words", c.min_reflection_words, "words like wait that an example of this source must hold");
}

void fields(core::FieldVisitor& v, ColdStartConfig& c) {
  v("sources", c.sources, "where examples come from, in this order");
  v("filter", c.filter, "which samples are kept");
  v("max_examples", c.max_examples, "examples trained on at most");
  v("review", c.review, "decisions of people: the file that review.html saves; empty = everything is accepted");
  v("sft", c.sft, "supervised fine-tuning from the base");
  v("engine", c.engine, "the rollout engine");
  v("seed", c.seed, "of problems' order and sampling");
}

ColdStartStage::ColdStartStage(ColdStartConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  asking_.reward = with_language(asking_.reward, 1.0);
  check(config_);
  config_.seed = join_seeds(asking_.seed, config_.seed);
  config_.sft.seed = join_seeds(asking_.seed, config_.sft.seed);
}

std::string ColdStartStage::config() const {
  ColdStartConfig hashed = config_;
  hashed.review.clear();  // its content is an input
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(hashed);
}

std::vector<StageInput> ColdStartStage::inputs(const fs::path& run) const {
  std::vector<StageInput> inputs = {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, "pretrain/model")};
  std::set<std::string> models = {"pretrain/model"};
  for (const ColdStartSource& source : config_.sources) {
    if (source.model == kEndpoint || !models.insert(source.model).second) continue;
    if (is_outside(source.model))
      inputs.push_back({"models/" + source.name, source.model, true});
    else
      inputs.push_back(from_run(run, source.model));
  }
  if (config_.sft.forgetting.ewc > 0.0) inputs.push_back(from_run(run, "tokenizer/corpus.tokens"));
  if (!config_.review.empty()) inputs.push_back({"review", config_.review, true});
  return inputs;
}

StagePlan ColdStartStage::plan(const fs::path&) const {
  std::string sources;
  for (const ColdStartSource& s : config_.sources)
    sources += fmt::format("{}{} ({} problems x {})", sources.empty() ? "" : ", ", s.name, s.sample.problems,
                           s.sample.samples);
  return {.work = fmt::format("examples from {}; filtered, at most {}; then {:g} epochs of SFT from the base, learning "
                              "rate {:g}",
                              sources, config_.max_examples, config_.sft.epochs, config_.sft.optimizer.learning_rate),
          .memory_bytes = training_bytes(asking_.size, config_.sft.dtype)};
}

std::vector<SftRecord> ColdStartStage::gather(const StageContext& context, Metrics& metrics) const {
  const std::vector<data::Problem> all = data::load_problems(context.run / "corpus" / "rl_problems.jsonl").problems;
  std::vector<SftRecord> records;
  std::map<std::string, std::int64_t> dropped;
  std::set<std::string> texts;
  std::int64_t sampled = 0;
  for (std::size_t i = 0; i < config_.sources.size(); ++i) {
    const ColdStartSource& source = config_.sources[i];
    if (static_cast<std::int64_t>(records.size()) < source.shots)
      user_error("cold_start: source {} wants {} shots, the sources before it gave {} examples", source.name,
                 source.shots, records.size());
    const std::int64_t seed = config_.seed + static_cast<std::int64_t>(i);
    const std::vector<data::Problem> problems = choose_problems(all, source.sample.problems, seed);
    const Asker asker{.model = folder_of(context.run, source.model),
                      .engine = config_.engine,
                      .reward = asking_.reward,
                      .prompt_template = prompting(source, asking_.prompt_template, records),
                      .seed = seed};
    const std::vector<eval::EvalItem> items = source.model == kEndpoint
                                                  ? from_endpoint(source, asker, problems)
                                                  : sample_answers(asker, source.sample, problems).items;
    sampled += static_cast<std::int64_t>(items.size());
    FilterConfig filter = config_.filter;
    filter.min_reflection_words = std::max(filter.min_reflection_words, source.min_reflection_words);
    const Kept kept = filter_samples(items, problems, filter);
    for (const auto& [reason, count] : kept.dropped) dropped[reason] += count;
    std::int64_t taken = 0;
    for (const eval::EvalItem& item : kept.items) {
      SftRecord record =
          record_of(source.name, problems[static_cast<std::size_t>(item.problem)], item, asking_.prompt_template);
      if (!texts.insert(record.prompt + record.completion).second) continue;
      records.push_back(std::move(record));
      ++taken;
    }
    metrics.emplace_back("examples/" + source.name, static_cast<double>(taken));
  }
  for (const auto& [reason, count] : dropped) metrics.emplace_back("dropped/" + reason, static_cast<double>(count));
  metrics.emplace_back("sampled", static_cast<double>(sampled));
  if (static_cast<std::int64_t>(records.size()) > config_.max_examples)
    records.resize(static_cast<std::size_t>(config_.max_examples));
  return records;
}

Metrics ColdStartStage::run(const StageContext& context) const {
  Metrics metrics;
  std::vector<SftRecord> records = gather(context, metrics);
  write_review(records, "Cold start", context.directory);
  if (!config_.review.empty()) {
    const ReviewCounts counts = apply_review(config_.review, records);
    metrics.emplace_back("review/accepted", static_cast<double>(counts.accepted));
    metrics.emplace_back("review/edited", static_cast<double>(counts.edited));
    metrics.emplace_back("review/rejected", static_cast<double>(counts.rejected));
  }
  write_records(context.directory / "cold_start.jsonl", records);
  const SftRun run{
      .stage = name(),
      .init_from = context.run / "pretrain" / "model",
      .output = context.directory / "model",
      .shard = context.state() / "examples.tokens",
      .state = context.state() / "train",
      .earlier = config_.sft.forgetting.ewc > 0.0 ? context.run / "tokenizer" / "corpus.tokens" : fs::path()};
  const SftOutcome sft = run_sft(config_.sft, run, records, context.metrics);
  metrics.emplace_back("examples", static_cast<double>(records.size()));
  metrics.emplace_back("steps", static_cast<double>(sft.result.steps));
  metrics.emplace_back("tokens", static_cast<double>(sft.result.tokens));
  metrics.emplace_back("final_loss", sft.result.final_loss);
  metrics.emplace_back("flops", sft.flops);
  return metrics;
}

}  // namespace r1::pipeline
