// Learning-rate schedules: linear warm-up, then constant or (constant, then cosine), as DeepSeek-V3's (section 4.2).
#pragma once

#include <cstdint>

#include "r1/train/trainer.h"

namespace r1::train {

/// UserError for values that make no schedule or no optimizer.
void validate(const OptimizerConfig& config);

/// Rate of update `step` (1-based) of `total`.
double learning_rate(const OptimizerConfig& config, std::int64_t step, std::int64_t total);

}  // namespace r1::train
