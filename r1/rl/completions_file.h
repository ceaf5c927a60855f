// Completions on disk: one JSON object a sample (docs/formats.md), for people and for later stages.
#pragma once

#include <filesystem>
#include <vector>

#include "r1/rl/sample.h"

namespace r1::rl {

/// Writes all samples of a step, atomically.
void write_completions(const std::filesystem::path& file, const std::vector<Sample>& samples, std::int64_t step);

}  // namespace r1::rl
