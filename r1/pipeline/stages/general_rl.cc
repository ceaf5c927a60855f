// The scorer that joins rules and learned rewards, and the watch (general_rl.h).
#include "r1/pipeline/stages/general_rl.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "r1/core/error.h"
#include "r1/data/loaders.h"
#include "r1/pipeline/stages/sampling.h"
#include "r1/rl/model_scorer.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;

/// Rules for all; on top of them one learned reward, by the prompt's verifier.
class GeneralScorer : public reward::Scorer {
 public:
  struct Learned {
    std::string verifier;
    double weight;
    const rl::ModelScorer* scorer;
  };
  GeneralScorer(const reward::Scorer& rules, std::vector<Learned> learned)
      : rules_(rules), learned_(std::move(learned)) {}

  reward::Verdict score(const reward::RewardInput& input) const override {
    return score_batch(std::span(&input, 1)).front();
  }

  std::vector<reward::Verdict> score_batch(std::span<const reward::RewardInput> inputs) const override {
    // Answers to general prompts need no chain of thought, so there may be no words whose language could be rewarded.
    std::vector<reward::RewardInput> ruled(inputs.begin(), inputs.end());
    for (reward::RewardInput& input : ruled)
      if (is_learned(input.verifier)) input.language.clear();
    std::vector<reward::Verdict> verdicts = rules_.score_batch(ruled);
    for (const Learned& learned : learned_) {
      std::vector<reward::RewardInput> mine;
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].verifier != learned.verifier) continue;
        mine.push_back(inputs[i]);
        places.push_back(i);
      }
      const std::vector<reward::Verdict> more = learned.scorer->score_batch(mine);
      for (std::size_t i = 0; i < places.size(); ++i) {
        reward::Verdict& verdict = verdicts[places[i]];
        verdict.score += learned.weight * more[i].score;
        verdict.parts.insert(verdict.parts.end(), more[i].parts.begin(), more[i].parts.end());
        if (verdict.outcome == reward::Outcome::Scored && more[i].outcome != reward::Outcome::Scored) {
          verdict.outcome = more[i].outcome;
          verdict.why = more[i].why;
        }
      }
    }
    return verdicts;
  }

 private:
  bool is_learned(const std::string& verifier) const {
    return std::any_of(learned_.begin(), learned_.end(), [&](const Learned& l) { return l.verifier == verifier; });
  }

  const reward::Scorer& rules_;
  std::vector<Learned> learned_;
};

/// What must live as long as the run.
struct Held {
  std::unique_ptr<rl::ModelScorer> helpful, safe, judge;
  std::unique_ptr<GeneralScorer> scorer;
  tokenizer::Tokenizer tokenizer;
  std::vector<data::Problem> validation, prompts;
};

double mean_part(const std::vector<eval::EvalItem>& items, const char* part) {
  double sum = 0.0;
  for (const eval::EvalItem& item : items) sum += item.verdict.part(part);
  return sum / static_cast<double>(items.size());
}

}  // namespace

void fields(core::FieldVisitor& v, GeneralRlConfig& c) {
  fields(v, static_cast<rl::GrpoConfig&>(c));
  v("language_weight", c.language_weight, "weight of the language-consistency reward");
  v("helpful_weight", c.helpful_weight, "weight of the helpful reward model on general prompts");
  v("safe_weight", c.safe_weight, "weight of the safe reward model on harmful prompts");
  v("watch_problems", c.watch_problems, "validation problems and general prompts that the watch asks");
}

GeneralRlStage::GeneralRlStage(const GeneralRlConfig& config, RlStageSetup setup)
    : RlStage([&] {
        setup.grpo = config;
        setup.reward = with_language(setup.reward, config.language_weight);
        return std::move(setup);
      }()),
      helpful_weight_(config.helpful_weight),
      safe_weight_(config.safe_weight),
      watch_problems_(config.watch_problems) {}

std::string GeneralRlStage::config() const {
  return RlStage::config() + fmt::format("helpful_weight: {}\nsafe_weight: {}\nwatch_problems: {}\n", helpful_weight_,
                                         safe_weight_, watch_problems_);
}

std::vector<StageInput> GeneralRlStage::inputs(const fs::path& run) const {
  std::vector<StageInput> inputs = RlStage::inputs(run);
  for (const char* path : {"corpus/general_prompts.jsonl", "corpus/validation.jsonl", "reward_models/helpful",
                           "reward_models/safe", "reward_models/judge_helpful"})
    inputs.push_back(from_run(run, path));
  return inputs;
}

std::shared_ptr<void> GeneralRlStage::prepare(const StageContext& context, rl::GrpoInputs& inputs) const {
  auto kept = std::make_shared<Held>(Held{.helpful = nullptr,
                                          .safe = nullptr,
                                          .judge = nullptr,
                                          .scorer = nullptr,
                                          .tokenizer = tokenizer::Tokenizer::load(inputs.init_from / "tokenizer.json"),
                                          .validation = {},
                                          .prompts = {}});
  const fs::path models = context.run / "reward_models";
  const std::string& form = setup().prompt_template;
  kept->helpful = std::make_unique<rl::ModelScorer>(models / "helpful",
                                                    rl::ModelScorerConfig{.part = "helpful", .reads = "answer"}, form);
  kept->safe = std::make_unique<rl::ModelScorer>(models / "safe",
                                                 rl::ModelScorerConfig{.part = "safe", .reads = "response"}, form);
  kept->judge = std::make_unique<rl::ModelScorer>(
      models / "judge_helpful", rl::ModelScorerConfig{.part = "judge_helpful", .reads = "answer"}, form);
  std::vector<GeneralScorer::Learned> learned = {{"helpful", helpful_weight_, kept->helpful.get()},
                                                 {"safe", safe_weight_, kept->safe.get()}};
  kept->scorer = std::make_unique<GeneralScorer>(*inputs.scorer, std::move(learned));

  std::vector<data::Problem> general = data::load_problems(context.run / "corpus" / "general_prompts.jsonl").problems;
  for (data::Problem& problem : choose_problems(general, static_cast<std::int64_t>(general.size()), setup().seed)) {
    const bool watched =
        problem.verifier == "helpful" && static_cast<std::int64_t>(kept->prompts.size()) < watch_problems_;
    (watched ? kept->prompts : inputs.late_problems).push_back(std::move(problem));
  }
  kept->validation = data::load_problems(context.run / "corpus" / "validation.jsonl").problems;
  if (static_cast<std::int64_t>(kept->validation.size()) > watch_problems_)
    kept->validation.resize(static_cast<std::size_t>(watch_problems_));

  const reward::Scorer* rules = inputs.scorer;
  inputs.scorer = kept->scorer.get();
  const std::int64_t max_new_tokens = setup().grpo.sampling.max_new_tokens;
  inputs.watch = [kept = kept.get(), rules, form, max_new_tokens](rollout::Engine& engine) {
    eval::EvalConfig config;
    config.max_new_tokens = max_new_tokens;
    config.bootstrap_resamples = 1;
    rl::WatchFigures figures;
    const auto ask = [&](const std::vector<data::Problem>& problems, const reward::Scorer& scorer, const char* part) {
      if (problems.empty()) return;
      const eval::EvalInputs asked{
          .problems = problems, .tokenizer = kept->tokenizer, .scorer = scorer, .prompt_template = form};
      figures.emplace_back(part, mean_part(eval::run_evaluation(config, asked, engine).items, part));
    };
    ask(kept->validation, *rules, "accuracy");
    ask(kept->prompts, *kept->judge, "judge_helpful");
    return figures;
  };
  return kept;
}

}  // namespace r1::pipeline
