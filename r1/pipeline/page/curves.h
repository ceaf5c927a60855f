// Curves of a report: which metrics of which stages are drawn, read from metrics.jsonl. Titles and drawing are
// curve_section.cc's.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "r1/pipeline/page/change_point.h"

namespace r1::pipeline {

/// A metric over the steps of a training.
struct Curve {
  std::string stage;  // as logged: "zero", or one of a stage's several trainings, "reward_models/helpful"
  std::string metric;
  std::vector<std::pair<double, double>> points;  // step, value
  bool reinforcement = false;                     // of a training that logs a reward
  std::optional<ChangePoint> change;              // where looked for and found
};

/// The curves of `stages`: reinforcement learning first, then the others, in the order of `stages` and of their first
/// record. A metric that was not logged is left out. Change points are looked for in response length, language
/// consistency and reflective words of stage `zero`. UserError on a line that is no record.
std::vector<Curve> read_curves(const std::filesystem::path& file, const std::vector<std::string>& stages);

/// "reward_models/helpful" -> "reward_models".
std::string stage_of(const Curve& curve);

}  // namespace r1::pipeline
