// The numbers of one RL step under the names that TRL's and verl's dashboards know, and sentences that say what a
// beginner asks.
#pragma once

#include <vector>

#include "r1/core/metric_sink.h"
#include "r1/rl/controller.h"
#include "r1/rl/sample.h"
#include "r1/rl/update.h"

namespace r1::rl {

/// What one step measured besides its samples.
struct StepMeasures {
  LogpDifference difference;
  double entropy = 0.0;       // mean over sampled tokens, before the first update
  double reference_kl = -1.0; // mean k3 to the reference; negative: not measured this step
  double learning_rate = 0.0;
  std::int64_t policy_version = 0;
  std::vector<UpdateStats> updates;
};

std::vector<std::pair<std::string, double>> step_values(const std::vector<Sample>& samples, const GrpoConfig& config,
                                                        const StepMeasures& m);

/// Mean score of all samples.
double mean_reward(const std::vector<Sample>& samples);

/// Why the loss is near 0, how many groups had no signal, how many answers were cut off; empty when there is nothing to
/// say.
std::vector<std::string> diagnose(const std::vector<Sample>& samples, const GrpoConfig& config);

}  // namespace r1::rl
