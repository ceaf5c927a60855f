// Fields of the rules (reward_config.h).
#include "r1/pipeline/stages/reward_config.h"

namespace r1::pipeline {

void fields(core::FieldVisitor& v, RewardConfig& c) {
  v("rules", c.rules, "what earns how much");
  v("isolation", c.isolation, "worker processes of the scorer and their limits");
}

RewardConfig with_language(RewardConfig reward, double weight) {
  reward.rules.language_weight = weight;
  return reward;
}

}  // namespace r1::pipeline
