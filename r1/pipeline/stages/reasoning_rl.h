// Stage `reasoning_rl`: R1's first reinforcement learning, from the cold start (Dev1 -> Dev2): accuracy, format and
// language consistency, their plain sum (DeepSeek-R1 section 2.3.2; handbook rl.md A2.2).
#pragma once

#include "r1/pipeline/stages/rl_stage.h"

namespace r1::pipeline {

struct ReasoningRlConfig : rl::GrpoConfig {
  double language_weight = 1.0;  // of the share of words in the question's language
};
void fields(core::FieldVisitor& v, ReasoningRlConfig& c);

class ReasoningRlStage : public RlStage {
 public:
  using RlStage::RlStage;
};

}  // namespace r1::pipeline
