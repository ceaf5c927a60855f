// Where a long run stands right now ("rollout", "update", "checkpoint"), for tests that kill it there: when the
// environment names a file in R1_PHASE_LOG, every mark appends one line to it. It is no log and no metric, and no
// result depends on it.
#pragma once

#include <string_view>

namespace r1::core {

/// Appends `phase` as a line to the file R1_PHASE_LOG names; does nothing when it is not set. Thread-safe; never fails.
void phase_mark(std::string_view phase);

}  // namespace r1::core
