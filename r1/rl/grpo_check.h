// What reinforcement learning refuses before it starts: settings and inputs that make no sense together. Nothing that
// needs the model (train/start.h).
#pragma once

#include "r1/rl/controller.h"

namespace r1::rl {

/// UserError that opens with the stage's name.
void check_settings(const GrpoConfig& config, const GrpoInputs& inputs);

}  // namespace r1::rl
