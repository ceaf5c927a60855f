// The order is Kahn's, always taking the first listed stage that is free. Recipes have tens of stages at most, so that
// nothing here is indexed.
#include "r1/pipeline/graph.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "r1/core/error.h"
#include "r1/core/nearest.h"

namespace r1::pipeline {

namespace {

bool contains(const std::vector<std::size_t>& list, std::size_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// The numbers of the stages that stage `reader` reads from.
std::vector<std::size_t> needs_of(const StageGraph& graph, std::size_t reader, const std::vector<StageInput>& inputs) {
  std::vector<std::size_t> needs;
  for (const StageInput& input : inputs) {
    if (input.outside) continue;
    const std::string producer = producer_of(input);
    const auto found = std::find(graph.names.begin(), graph.names.end(), producer);
    if (found == graph.names.end())
      user_error("stage {}: reads {}, but no stage is called {} (the stages are {})", graph.names[reader], input.name,
                 producer, fmt::join(graph.names, ", "));
    const auto number = static_cast<std::size_t>(found - graph.names.begin());
    if (!contains(needs, number)) needs.push_back(number);
  }
  std::sort(needs.begin(), needs.end());
  return needs;
}

/// All stages of `graph` that are not in its order wait for each other: names a circle among them.
[[noreturn]] void refuse_circle(const StageGraph& graph) {
  std::size_t stage = 0;
  while (contains(graph.order, stage)) ++stage;
  std::vector<std::size_t> path;
  while (!contains(path, stage)) {
    path.push_back(stage);
    for (const std::size_t need : graph.needs[stage])
      if (!contains(graph.order, need)) {
        stage = need;
        break;
      }
  }
  std::string text;
  for (auto place = std::find(path.begin(), path.end(), stage); place != path.end(); ++place)
    text += graph.names[*place] + " reads from ";
  user_error("stages read from each other in a circle: {}{}", text, graph.names[stage]);
}

void find_order(StageGraph& graph) {
  const std::size_t count = graph.names.size();
  std::vector<bool> placed(count, false);
  while (graph.order.size() < count) {
    std::size_t next = 0;
    const auto is_free = [&](std::size_t stage) {
      return !placed[stage] && std::all_of(graph.needs[stage].begin(), graph.needs[stage].end(),
                                           [&](std::size_t need) { return placed[need]; });
    };
    while (next < count && !is_free(next)) ++next;
    if (next == count) refuse_circle(graph);
    placed[next] = true;
    graph.order.push_back(next);
  }
}

}  // namespace

std::size_t StageGraph::find(const std::string& name, const std::string& where) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string near = core::nearest(name, names);
  const std::string advice =
      near.empty() ? fmt::format("the stages are {}", fmt::join(names, ", ")) : "did you mean " + near + "?";
  user_error("{}: there is no stage \"{}\"; {}", where, name, advice);
}

std::string producer_of(const StageInput& input) {
  const std::filesystem::path name = input.name;
  return name.empty() ? std::string() : name.begin()->string();
}

StageGraph make_graph(const StageList& stages, const std::filesystem::path& run) {
  StageGraph graph;
  for (const auto& stage : stages) {
    if (std::find(graph.names.begin(), graph.names.end(), stage->name()) != graph.names.end())
      user_error("two stages are called {}; a stage's name is its directory's", stage->name());
    graph.names.push_back(stage->name());
  }
  for (std::size_t i = 0; i < stages.size(); ++i) graph.needs.push_back(needs_of(graph, i, stages[i]->inputs(run)));
  find_order(graph);
  return graph;
}

std::vector<bool> with_dependents(const StageGraph& graph, std::size_t stage) {
  std::vector<bool> marked(graph.names.size(), false);
  marked[stage] = true;
  for (const std::size_t next : graph.order)
    for (const std::size_t need : graph.needs[next])
      if (marked[need]) marked[next] = true;
  return marked;
}

}  // namespace r1::pipeline
