// The kernels' own thread pool: a few workers that spin briefly and then sleep, because one kernel call of a small
// model takes microseconds. Work is cut over output elements only, never over a reduction, so the number of threads
// changes no bit. It is not for coarse or blocking work: that is core/threads.h.
#pragma once

#include <cstdint>
#include <functional>

namespace r1::kernels {

/// Threads that kernels use, the caller included. Default: the cores of the affinity mask.
int num_threads();
/// Sets it (1 = everything on the caller). Not to be called while kernels run.
void set_num_threads(int count);

/// body(begin, end) over a static cut of [0, count) into at most num_threads() ranges of `grain` items or more. Nested
/// calls run on the caller.
void parallel_ranges(std::int64_t count, std::int64_t grain,
                     const std::function<void(std::int64_t, std::int64_t)>& body);

/// body(i) for every i of [0, count), handed out one by one (uneven items).
void parallel_items(std::int64_t count, const std::function<void(std::int64_t)>& body);

}  // namespace r1::kernels
