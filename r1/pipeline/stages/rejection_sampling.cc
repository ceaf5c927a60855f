// Two kinds of prompts, two kinds of filter, one mix in a Philox order (rejection_sampling.h).
#include "r1/pipeline/stages/rejection_sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/seeds.h"
#include "r1/pipeline/stages/plan_figures.h"
#include "r1/reward/extract.h"
#include "r1/reward/format.h"
#include "r1/reward/language.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

void count_dropped(const std::string& kind, const std::map<std::string, std::int64_t>& dropped, Metrics& metrics) {
  for (const auto& [reason, count] : dropped)
    metrics.emplace_back(fmt::format("dropped/{}/{}", kind, reason), static_cast<double>(count));
}

std::vector<data::Problem> with_rubric(const fs::path& file) {
  std::vector<data::Problem> problems = data::load_problems(file).problems;
  std::erase_if(problems, [](const data::Problem& p) { return p.verifier != "helpful"; });
  return problems;
}

/// A sample of a general prompt as a judge sees it.
struct JudgedAnswer {
  const eval::EvalItem* item = nullptr;
  std::string text;  // the answer alone
  double score = 0.0;
  std::string dropped;  // why; "" to keep it
};

/// Dev2 has learned its form on reasoning alone: a general answer counts with tags or without, and becomes an example
/// without a chain of thought, as the paper's simple prompts do.
JudgedAnswer judge_answer(const eval::EvalItem& item, const data::Problem& problem, const reward::Judge& judge,
                          const RejectionSamplingConfig& config) {
  JudgedAnswer out{&item, reward::extract_answer(item.text).value_or(item.text), 0.0, ""};
  if (!item.finished) {
    out.dropped = "unfinished";
  } else if (out.text.empty() || out.text.find('<') != std::string::npos) {
    out.dropped = "format";
  } else if (const auto language = reward::language_consistency(out.text, problem.language);
             language.words.total() > 0 && language.share < config.filter.min_language) {
    out.dropped = "mixed_language";
  } else if (reward::check_readability(out.text, config.filter.readability).repetitive) {
    out.dropped = "repetitive";
  }
  if (!out.dropped.empty()) return out;
  const reward::Grade grade = judge.grade(
      {.prompt = problem.prompt, .reference = problem.answer, .rubric = problem.tests.front(), .answer = out.text});
  out.score = grade.score;
  if (grade.outcome != reward::Outcome::Scored)
    out.dropped = fmt::format("judge_{}", reward::outcome_name(grade.outcome));
  else if (grade.score < config.judge_min_score)
    out.dropped = "judged_poor";
  return out;
}

}  // namespace

void fields(core::FieldVisitor& v, RejectionSamplingConfig& c) {
  v("reasoning", c.reasoning, "prompts that rules can check");
  v("judged", c.judged, "general prompts, kept by a judge");
  v("judge_min_score", c.judge_min_score, "grade in [0, 1] that keeps a judged sample");
  v("filter", c.filter, "which samples are kept");
  v("general_share", c.general_share, "share of general data among all examples (R1: a quarter)");
  v("judge", c.judge, "who judges");
  v("engine", c.engine, "the rollout engine");
  v("seed", c.seed, "of prompts' order, sampling and mixing");
}

RejectionSamplingStage::RejectionSamplingStage(RejectionSamplingConfig config, Asking asking)
    : config_(std::move(config)), asking_(std::move(asking)) {
  asking_.reward = with_language(asking_.reward, 1.0);
  if (!(config_.general_share >= 0.0 && config_.general_share < 1.0))
    user_error("rejection_sampling.general_share: {} is not in [0, 1)", config_.general_share);
  config_.seed = join_seeds(asking_.seed, config_.seed);
}

std::string RejectionSamplingStage::config() const {
  return fmt::format("prompt_template: {:?}\n", asking_.prompt_template) + core::dump_config(asking_.reward) +
         core::dump_config(config_);
}

std::vector<StageInput> RejectionSamplingStage::inputs(const fs::path& run) const {
  std::vector<StageInput> inputs = {from_run(run, "corpus/rl_problems.jsonl"), from_run(run, "reasoning_rl/model")};
  if (config_.judged.problems > 0) inputs.push_back(from_run(run, "corpus/general_prompts.jsonl"));
  if (config_.general_share > 0.0) inputs.push_back(from_run(run, "corpus/general_sft.jsonl"));
  return inputs;
}

StagePlan RejectionSamplingStage::plan(const fs::path&) const {
  return {.work = fmt::format("{} prompts x {} samples from reasoning_rl, kept where right and readable; {} general "
                              "prompts x {} kept by the judge ({}); {:.0f}% general data",
                              config_.reasoning.problems, config_.reasoning.samples, config_.judged.problems,
                              config_.judged.samples, config_.judge.kind, 100 * config_.general_share),
          .memory_bytes = weight_bytes(asking_.size, config_.reasoning.dtype)};
}

std::vector<SftRecord> RejectionSamplingStage::reasoning(const Asker& asker, const StageContext& context,
                                                         Metrics& metrics) const {
  const std::vector<data::Problem> problems =
      choose_problems(data::load_problems(context.run / "corpus" / "rl_problems.jsonl").problems,
                      config_.reasoning.problems, config_.seed);
  const std::vector<eval::EvalItem> items = sample_answers(asker, config_.reasoning, problems).items;
  const Kept kept = filter_samples(items, problems, config_.filter);
  std::vector<SftRecord> records;
  for (const eval::EvalItem& item : kept.items)
    records.push_back(
        record_of("dev2", problems[static_cast<std::size_t>(item.problem)], item, asking_.prompt_template));
  metrics.emplace_back("sampled/reasoning", static_cast<double>(items.size()));
  count_dropped("reasoning", kept.dropped, metrics);
  return records;
}

std::vector<SftRecord> RejectionSamplingStage::judged(const Asker& asker, const StageContext& context,
                                                      Metrics& metrics) const {
  const std::unique_ptr<reward::Judge> judge = make_judge(config_.judge);
  const std::vector<data::Problem> problems = choose_problems(
      with_rubric(context.run / "corpus" / "general_prompts.jsonl"), config_.judged.problems, config_.seed + 1);
  const std::vector<eval::EvalItem> items = sample_answers(asker, config_.judged, problems).items;
  std::map<std::int64_t, JudgedAnswer> best;
  std::map<std::string, std::int64_t> dropped;
  for (const eval::EvalItem& item : items) {
    JudgedAnswer answer = judge_answer(item, problems[static_cast<std::size_t>(item.problem)], *judge, config_);
    if (!answer.dropped.empty()) {
      ++dropped[answer.dropped];
      continue;
    }
    const auto [place, fresh] = best.emplace(item.problem, answer);
    if (!fresh) ++dropped["more_than_per_problem"];
    if (!fresh && answer.score > place->second.score) place->second = answer;
  }
  std::vector<SftRecord> records;
  for (const auto& [index, answer] : best) {
    records.push_back(
        record_of("dev2_judged", problems[static_cast<std::size_t>(index)], *answer.item, asking_.prompt_template));
    records.back().completion = fmt::format("{}{}{}{}{}", reward::kThinkOpen, reward::kThinkClose, reward::kAnswerOpen,
                                            answer.text, reward::kAnswerClose);
  }
  metrics.emplace_back("sampled/judged", static_cast<double>(items.size()));
  count_dropped("judged", dropped, metrics);
  return records;
}

Metrics RejectionSamplingStage::run(const StageContext& context) const {
  Metrics metrics;
  const Asker asker{.model = context.run / "reasoning_rl" / "model",
                    .engine = config_.engine,
                    .reward = asking_.reward,
                    .prompt_template = asking_.prompt_template,
                    .seed = config_.seed};
  std::vector<SftRecord> records = reasoning(asker, context, metrics);
  const auto num_reasoning = static_cast<double>(records.size());
  if (config_.judged.problems > 0)
    for (SftRecord& record : judged(asker, context, metrics)) records.push_back(std::move(record));
  const std::size_t from_dev2 = records.size();
  std::vector<SftRecord> general;
  if (config_.general_share > 0.0) general = general_records(context.run / "corpus" / "general_sft.jsonl");
  const auto wanted = static_cast<std::size_t>(
      std::llround(static_cast<double>(from_dev2) * config_.general_share / (1.0 - config_.general_share)));
  const std::size_t taken = std::min(wanted, general.size());
  records.insert(records.end(), general.begin(), general.begin() + static_cast<std::ptrdiff_t>(taken));
  core::Rng({static_cast<std::uint64_t>(config_.seed), core::Purpose::Data}).shuffle(records);
  write_records(context.directory / "sft.jsonl", records);
  metrics.emplace_back("examples/reasoning", num_reasoning);
  metrics.emplace_back("examples/judged", static_cast<double>(from_dev2) - num_reasoning);
  metrics.emplace_back("examples/general", static_cast<double>(taken));
  metrics.emplace_back("examples/general_missing", static_cast<double>(wanted - taken));
  metrics.emplace_back("examples", static_cast<double>(records.size()));
  return metrics;
}

}  // namespace r1::pipeline
