// The evaluation runner: prompts from problems, samples from a generate function, verdicts from a scorer, a report. It
// trains nothing and writes no files (evaluation.h gives the JSON).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/data/problem.h"
#include "r1/eval/evaluation.h"
#include "r1/reward/verdict.h"
#include "r1/rollout/engine.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::eval {

struct EvalConfig {
  std::int64_t samples_per_problem = 1;
  double temperature = 0.0;  // 0: greedy, then one sample a problem is all there is
  double top_p = 1.0;
  std::int64_t max_new_tokens = 256;
  std::int64_t seed = 1;     // of sampling and bootstrap
  std::vector<std::int64_t> pass_ks = {};  // empty: 2, 4, 8 ... samples_per_problem
  double majority_threshold = 0.1;
  std::int64_t bootstrap_resamples = 1000;
};
void fields(core::FieldVisitor& v, EvalConfig& c);

/// One completion a request, in the order of the requests (rollout::Engine::generate).
using Generate = std::function<std::vector<rollout::Completion>(const std::vector<rollout::Request>&,
                                                                const rollout::SamplingConfig&)>;

/// What is evaluated and how it is asked; everything is borrowed.
struct EvalInputs {
  const std::vector<data::Problem>& problems;
  const tokenizer::Tokenizer& tokenizer;
  const reward::Scorer& scorer;
  std::string prompt_template = "User: {prompt}\nAssistant: ";  // {prompt} is replaced
  const tokenizer::ChatTemplate* chat_template = nullptr;  // given: the prompt is a user's message, rendered by it
};

struct EvalResult {
  EvalReport report;
  std::vector<EvalItem> items;  // problem by problem, sample by sample
};

/// Samples, scores and aggregates. Request keys are (seed, step 0, problem index, sample index), so any sample can be
/// replayed alone. UserError for a bad config, no problems, a template that does not hold {prompt} once, or a problem
/// the scorer refuses (names the problem's id).
EvalResult run_evaluation(const EvalConfig& config, const EvalInputs& inputs, const Generate& generate);

/// The same with an engine.
inline EvalResult run_evaluation(const EvalConfig& config, const EvalInputs& inputs, rollout::Engine& engine) {
  return run_evaluation(config, inputs,
                        [&](const std::vector<rollout::Request>& requests, const rollout::SamplingConfig& sampling) {
                          return engine.generate(requests, sampling);
                        });
}

}  // namespace r1::eval
