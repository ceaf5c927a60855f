// Stage `zero`: R1-Zero, reinforcement learning on the pre-trained base with rule rewards alone, accuracy and format
// (DeepSeek-R1 section 2.2; handbook rl.md A1). The language of its reasoning is measured, never rewarded.
#pragma once

#include "r1/pipeline/stages/rl_stage.h"

namespace r1::pipeline {

class ZeroStage : public RlStage {
 public:
  using RlStage::RlStage;
};

}  // namespace r1::pipeline
