// What every stage that asks a model shares: how answers are scored by rules and in which processes, what stands around
// a prompt, the recipe's seed. Learned rewards are general_rl.h's matter.
#pragma once

#include <cstdint>
#include <string>

#include "r1/core/config.h"
#include "r1/reward/isolated_scorer.h"
#include "r1/reward/rule_scorer.h"
#include "r1/train/flops.h"

namespace r1::pipeline {

struct RewardConfig {
  reward::RuleScorerConfig rules;
  reward::IsolationConfig isolation;
};
void fields(core::FieldVisitor& v, RewardConfig& c);

/// The rules with the language part at this weight.
RewardConfig with_language(RewardConfig reward, double weight);

/// What the recipe gives every stage that asks, beside the stage's own section.
struct Asking {
  RewardConfig reward;
  std::string prompt_template;
  std::int64_t seed = 1;
  model::ModelSize size;  // of the base and what becomes of it, for plans
};

}  // namespace r1::pipeline
