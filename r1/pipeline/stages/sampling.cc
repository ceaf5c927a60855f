// One engine per call: memory holds one model (sampling.h).
#include "r1/pipeline/stages/sampling.h"

#include <algorithm>
#include <numeric>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/data/problems/corpus.h"
#include "r1/reward/language.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, SampleConfig& c) {
  v("problems", c.problems, "problems asked, drawn from the RL problems");
  v("samples", c.samples, "samples a problem");
  v("temperature", c.temperature, "sampling temperature");
  v("max_new_tokens", c.max_new_tokens, "tokens sampled at most");
  v("dtype", c.dtype, "f32 | bf16: of the model that answers");
}

void fields(core::FieldVisitor& v, FilterConfig& c) {
  v("min_language", c.min_language, "share of the reasoning's words that must be in the question's language");
  v("allow_wordless", c.allow_wordless, "keeps reasoning without any word");
  v("min_reflection_words", c.min_reflection_words, "words like wait that must occur");
  v("per_problem", c.per_problem, "samples kept of a problem at most, the shortest first");
  v("readability", c.readability, "what counts as unreadable");
}

std::string drop_reason(const eval::EvalItem& item, const data::Problem& problem, const FilterConfig& config) {
  if (item.verdict.outcome == reward::Outcome::Timeout || item.verdict.outcome == reward::Outcome::Crash)
    return reward::outcome_name(item.verdict.outcome);
  if (!item.finished) return "unfinished";
  if (item.verdict.part("accuracy") != 1.0) return "wrong";
  if (item.verdict.part("format") != 1.0) return "format";
  const reward::LanguageConsistency language = reward::language_consistency(item.text, problem.language);
  const bool wordless = language.words.total() == 0;
  if (wordless && !config.allow_wordless) return "no_words";
  if (!wordless && language.share < config.min_language) return "mixed_language";
  const reward::Readability readability = reward::check_readability(item.text, config.readability);
  if (readability.repetitive) return "repetitive";
  if (readability.overlong) return "overlong";
  if (readability.code_block) return "code_block";
  if (reward::count_reflection_words(item.text) < config.min_reflection_words) return "no_reflection";
  return "";
}

Kept filter_samples(const std::vector<eval::EvalItem>& items, const std::vector<data::Problem>& problems,
                    const FilterConfig& config) {
  Kept kept;
  std::map<std::int64_t, std::vector<const eval::EvalItem*>> by_problem;
  for (const eval::EvalItem& item : items) {
    const std::string reason = drop_reason(item, problems[static_cast<std::size_t>(item.problem)], config);
    if (reason.empty())
      by_problem[item.problem].push_back(&item);
    else
      ++kept.dropped[reason];
  }
  for (auto& [problem, list] : by_problem) {
    std::stable_sort(list.begin(), list.end(),
                     [](const eval::EvalItem* a, const eval::EvalItem* b) { return a->num_tokens < b->num_tokens; });
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (static_cast<std::int64_t>(i) < config.per_problem)
        kept.items.push_back(*list[i]);
      else
        ++kept.dropped["more_than_per_problem"];
    }
  }
  return kept;
}

std::vector<data::Problem> choose_problems(const std::vector<data::Problem>& all, std::int64_t count,
                                           std::int64_t seed) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  core::Rng({static_cast<std::uint64_t>(seed), core::Purpose::Shuffle}).shuffle(order);
  std::vector<data::Problem> out;
  for (std::size_t i = 0; i < order.size() && static_cast<std::int64_t>(i) < count; ++i) out.push_back(all[order[i]]);
  return out;
}

Sampled sample_answers(const Asker& asker, const SampleConfig& config, const std::vector<data::Problem>& problems) {
  if (problems.empty()) return {};
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(asker.model / "tokenizer.json");
  const reward::IsolatedScorer scorer(core::dump_config(asker.reward.rules), asker.reward.isolation);
  const eval::EvalInputs inputs{
      .problems = problems, .tokenizer = tokenizer, .scorer = scorer, .prompt_template = asker.prompt_template};
  eval::EvalConfig eval;
  eval.samples_per_problem = config.samples;
  eval.temperature = config.temperature;
  eval.max_new_tokens = config.max_new_tokens;
  eval.seed = asker.seed;
  eval.bootstrap_resamples = 1;
  rollout::Engine engine = rollout::Engine::open(asker.model, asker.engine, config.dtype);
  Sampled out{eval::run_evaluation(eval, inputs, engine).items, 0.0};
  double tokens = 0.0;
  for (const eval::EvalItem& item : out.items) tokens += static_cast<double>(item.num_tokens);
  for (const data::Problem& problem : problems)
    tokens += static_cast<double>(tokenizer.encode(data::fill_template(asker.prompt_template, problem.prompt)).size());
  out.flops = train::forward_flops(static_cast<double>(engine.num_active_parameters()), tokens);
  return out;
}

}  // namespace r1::pipeline
