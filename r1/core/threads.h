// A plain thread pool for coarse CPU work (tokenizing, scoring, reading). Kernels have their own (kernels/parallel.h).
#pragma once

#include <cstddef>
#include <functional>

namespace r1::core {

/// Cores this process may use (its affinity mask), at least 1.
std::size_t num_cores();

/// Runs task(i) for every i in [0, count) on up to num_threads threads (0 = num_cores()); returns when all are done.
/// The first exception is rethrown after the others have stopped. Which thread runs which i is unspecified.
void parallel_for(std::size_t count, std::size_t num_threads, const std::function<void(std::size_t)>& task);

}  // namespace r1::core
