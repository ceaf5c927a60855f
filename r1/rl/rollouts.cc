// Questions out, scored samples back (rollouts.h).
#include "r1/rl/rollouts.h"

#include <utility>

#include "r1/core/error.h"
#include "r1/core/phase.h"
#include "r1/data/problems/corpus.h"
#include "r1/rl/exchange.h"

namespace r1::rl {

Rollouts::Rollouts(const GrpoConfig& config, const GrpoInputs& inputs, const train::Peers& peers)
    : config_(config),
      inputs_(inputs),
      peers_(peers),
      tokenizer_(tokenizer::Tokenizer::load(inputs.init_from / "tokenizer.json")),
      problems_(inputs.problems),
      order_({config.steps, config.prompts_per_step, config.late_steps, config.late_share,
              static_cast<std::uint64_t>(config.seed)},
             static_cast<std::int64_t>(inputs.problems.size()),
             static_cast<std::int64_t>(inputs.late_problems.size())) {
  problems_.insert(problems_.end(), inputs.late_problems.begin(), inputs.late_problems.end());
  for (const data::Problem& problem : problems_)
    prompts_.push_back(tokenizer_.encode(data::fill_template(inputs.prompt_template, problem.prompt)));
}

std::vector<Sample> Rollouts::sample(rollout::Engine& engine, std::int64_t step) {
  core::phase_mark("rollout");
  std::vector<rollout::Request> requests;
  asked_.clear();
  const std::vector<std::size_t> problems = order_.problems_of(step);
  const train::Rows own = peers_.share(static_cast<std::int64_t>(problems.size()), "prompts_per_step");
  for (std::int64_t p = own.begin; p < own.end; ++p) {
    const std::size_t problem = problems[static_cast<std::size_t>(p)];
    for (std::int64_t g = 0; g < config_.group_size; ++g) {
      requests.push_back({prompts_[problem], static_cast<std::uint64_t>(config_.seed), static_cast<std::uint32_t>(step),
                          static_cast<std::uint32_t>(problem), static_cast<std::uint32_t>(g)});
      asked_.push_back(problem);
    }
  }
  std::vector<rollout::Completion> completions = engine.generate(requests, config_.sampling);
  std::vector<Sample> samples(completions.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].prompt = &prompts_[asked_[i]];
    samples[i].completion = std::move(completions[i]);
  }
  return samples;
}

void Rollouts::score(std::vector<Sample>& own) const {
  core::phase_mark("reward");
  std::vector<reward::RewardInput> inputs;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const data::Problem& problem = problems_[asked_[i]];
    std::vector<std::int32_t> ids = own[i].completion.ids;
    const bool finished = own[i].completion.finish_reason == rollout::FinishReason::Stop;
    if (finished) ids.pop_back();
    own[i].text = tokenizer_.decode(ids);
    inputs.push_back({problem.prompt, own[i].text, problem.answer, problem.verifier,
                      problem.tests.empty() ? "" : problem.tests.front(), finished, problem.language});
  }
  std::vector<reward::Verdict> verdicts = inputs_.scorer->score_batch(inputs);
  R1_CHECK(verdicts.size() == own.size(), "the scorer gave {} verdicts for {} samples", verdicts.size(), own.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i].verdict = std::move(verdicts[i]);
}

std::vector<Sample> Rollouts::gather(std::vector<Sample> own, std::int64_t step) {
  std::vector<Sample> samples = gather_samples(peers_, std::move(own));
  const std::vector<std::size_t> problems = order_.problems_of(step);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t problem = problems[i / static_cast<std::size_t>(config_.group_size)];
    samples[i].prompt = &prompts_[problem];
    samples[i].language = problems_[problem].language;
  }
  return samples;
}

}  // namespace r1::rl
