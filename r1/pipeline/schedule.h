// Runs the stages of a graph side by side where the machine has room, each behind those it reads from. It knows what
// stages take, not what they do. What runs when depends on time; what comes out of a stage must not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "r1/pipeline/graph.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

struct Machine {
  std::int64_t cores = 1;
  double memory_bytes = 0;
};
/// Cores of the process's affinity mask, memory of the machine.
Machine this_machine();

/// Which stages of a graph run, and what each takes; numbered as in the graph.
struct Schedule {
  std::vector<bool> included;  // the others count as done
  std::vector<StageResources> takes;
  Machine machine;
};

/// Calls task(stage) for every included stage. A stage that takes all cores runs alone, on the calling thread; others
/// start as soon as their cores and memory are free (one that asks for more than there is, when nothing else runs), on
/// threads of their own. Of those that take GPUs one runs at a time: nothing tells a stage which GPU is its own. When a
/// task returns false or throws, no further stage starts, and those that run are waited for; the first error passes
/// through, later ones are logged. Returns whether every task was run and returned true.
bool run_scheduled(const StageGraph& graph, const Schedule& schedule, const std::function<bool(std::size_t)>& task);

}  // namespace r1::pipeline
