// Edges are the inputs whose path begins with another stage's name; a stage's model folders are those of its outputs
// that hold a config.json.
#include "r1/pipeline/page/lineage_graph.h"

#include <algorithm>
#include <map>
#include <utility>

namespace r1::pipeline {

namespace {

using Edges = std::map<std::pair<std::size_t, std::size_t>, bool>;  // from, to -> a model is handed over

constexpr const char* kModelFile = "/config.json";

bool has_model(const Manifest& stage, const std::string& folder) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(),
                     [&](const OutputRecord& output) { return output.path == folder + kModelFile; });
}

bool makes_models(const Manifest& stage) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(),
                     [](const OutputRecord& output) { return output.path.ends_with(kModelFile); });
}

Edges all_edges(const std::vector<Manifest>& stages) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < stages.size(); ++i) places[stages[i].stage] = i;
  Edges edges;
  for (std::size_t to = 0; to < stages.size(); ++to)
    for (const InputRecord& input : stages[to].inputs) {
      const std::size_t slash = input.path.find('/');
      const auto from = places.find(input.path.substr(0, slash));
      if (slash == std::string::npos || from == places.end() || from->second >= to) continue;
      bool& model = edges[{from->second, to}];
      model = model || has_model(stages[from->second], input.path.substr(slash + 1));
    }
  return edges;
}

/// reached[i][j]: there is a way of at least two edges from i to j.
std::vector<std::vector<bool>> long_ways(std::size_t count, const Edges& edges) {
  std::vector<std::vector<bool>> any(count, std::vector<bool>(count)), two = any;
  for (std::size_t to = 0; to < count; ++to)  // all edges lead forward: those into `to` come last
    for (const auto& [edge, model] : edges) {
      if (edge.second != to) continue;
      any[edge.first][to] = true;
      for (std::size_t from = 0; from < edge.first; ++from)
        if (any[from][edge.first]) any[from][to] = two[from][to] = true;
    }
  return two;
}

void place(std::vector<LineageNode>& nodes, const Edges& edges) {
  std::vector<std::size_t> ahead(nodes.size(), 0);
  for (const auto& [edge, model] : edges)  // sorted by `from`, so what leads there is settled
    nodes[edge.second].column = std::max(nodes[edge.second].column, nodes[edge.first].column + 1);
  for (auto it = edges.rbegin(); it != edges.rend(); ++it)
    ahead[it->first.first] = std::max(ahead[it->first.first], ahead[it->first.second] + 1);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t j = 0; j < nodes.size(); ++j)
      if (nodes[j].column == nodes[i].column && (ahead[j] > ahead[i] || (ahead[j] == ahead[i] && j < i)))
        ++nodes[i].row;
}

}  // namespace

LineageGraph lineage_graph(const std::vector<Manifest>& stages) {
  LineageGraph graph;
  for (const Manifest& stage : stages)
    graph.nodes.push_back({.stage = stage.stage, .seconds = stage.seconds, .reads = {}});
  const Edges edges = all_edges(stages);
  const std::vector<std::vector<bool>> implied = long_ways(stages.size(), edges);
  for (const auto& [edge, model] : edges) {
    const auto [from, to] = edge;
    graph.nodes[to].reads.push_back(stages[from].stage);
    if (!implied[from][to] || (model && makes_models(stages[to]))) graph.edges.push_back({from, to, model});
  }
  place(graph.nodes, edges);
  return graph;
}

}  // namespace r1::pipeline
