// Who of a run reads from whom, as its manifests say, and which of these steps a picture needs. Drawing is
// lineage.cc's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "r1/pipeline/manifest.h"

namespace r1::pipeline {

struct LineageNode {
  std::string stage;
  double seconds = 0.0;
  std::size_t column = 0;  // longest way from a stage that reads from no other
  std::size_t row = 0;     // within its column; 0 has the longest way still before it
  std::vector<std::string> reads;  // every stage that it reads from, drawn or not
};

struct LineageEdge {
  std::size_t from = 0, to = 0;  // indices of nodes
  bool model = false;            // a model folder is handed over
};

struct LineageGraph {
  std::vector<LineageNode> nodes;  // in the order of the manifests
  /// Left out are edges that a longer way implies, unless a model is handed over to a stage that makes one itself:
  /// which weights a training starts from is worth an arrow of its own.
  std::vector<LineageEdge> edges;
};

/// `stages`: no stage reads from a later one.
LineageGraph lineage_graph(const std::vector<Manifest>& stages);

}  // namespace r1::pipeline
