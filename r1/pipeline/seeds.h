// The recipe has one seed; a stage may add its own to be varied alone. Both make one number.
#pragma once

#include <cstdint>

namespace r1::pipeline {

/// Different pairs give different seeds as long as both are below 2^31.
inline std::int64_t join_seeds(std::int64_t recipe, std::int64_t own) { return recipe * (std::int64_t{1} << 31) + own; }

}  // namespace r1::pipeline
