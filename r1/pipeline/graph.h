// The graph of a recipe's stages, made from what they read: an input that is not from outside belongs to the stage that
// the first component of its name names. It holds no state of a run: what is complete is stage_work.h's matter, what
// runs when is schedule.h's.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/pipeline/stage.h"

namespace r1::pipeline {

/// Stages are numbered by their place in the list that the graph was made from.
struct StageGraph {
  std::vector<std::string> names;
  std::vector<std::vector<std::size_t>> needs;  // of each stage: the stages it reads from, ascending, each once
  std::vector<std::size_t> order;  // every stage behind those it reads from; the listed order where that is free

  /// UserError with the nearest name when there is no such stage; `where` says who asked ("--from").
  std::size_t find(const std::string& name, const std::string& where) const;
};

/// The stage that makes an input of the run.
std::string producer_of(const StageInput& input);

/// UserError naming the stages when two have one name, when an input's producer is not among them, or when they read
/// from each other in a circle.
StageGraph make_graph(const StageList& stages, const std::filesystem::path& run);

/// Marks `stage` and all that read from it, directly or through others.
std::vector<bool> with_dependents(const StageGraph& graph, std::size_t stage);

}  // namespace r1::pipeline
