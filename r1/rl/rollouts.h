// Rollouts: the prompts of a run, and the samples of its steps from question to verdict. Each process asks and scores
// its share of a step's groups; gather() makes the whole of them. Advantages and updates are the controller's.
#pragma once

#include <vector>

#include "r1/rl/controller.h"
#include "r1/rl/prompt_order.h"
#include "r1/rl/sample.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/train/data_parallel.h"

namespace r1::rl {

class Rollouts {
 public:
  /// Everything is borrowed. UserError on a prompt order that does not fit, or a template without {prompt}.
  Rollouts(const GrpoConfig& config, const GrpoInputs& inputs, const train::Peers& peers);

  std::size_t num_problems() const { return problems_.size(); }

  /// This process's share of a 1-based step's groups, sampled by `engine` and keyed by (seed, step, problem, sample).
  std::vector<Sample> sample(rollout::Engine& engine, std::int64_t step);
  /// Gives what sample() returned its texts and verdicts.
  void score(std::vector<Sample>& own) const;
  /// All processes' samples of the step, with what is theirs of the problems they answer.
  std::vector<Sample> gather(std::vector<Sample> own, std::int64_t step);

 private:
  const GrpoConfig& config_;
  const GrpoInputs& inputs_;
  const train::Peers& peers_;
  tokenizer::Tokenizer tokenizer_;
  std::vector<data::Problem> problems_;  // main, then late ones
  std::vector<std::vector<std::int32_t>> prompts_;
  PromptOrder order_;
  std::vector<std::size_t> asked_;  // problem of each of this process's samples of the step
};

}  // namespace r1::rl
