// Workers score with the rules alone; a learned reward would bring its own door.
#include "r1/pipeline/reward_worker.h"

#include "r1/reward/rule_scorer.h"
#include "r1/reward/worker.h"

namespace r1::pipeline {

std::optional<int> run_as_reward_worker(int argc, char** argv) {
  if (!reward::is_scorer_worker(argc, argv)) return std::nullopt;
  return reward::run_scorer_worker(reward::make_rule_scorer);
}

}  // namespace r1::pipeline
