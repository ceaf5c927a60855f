// Sampling from one row of probabilities: temperature, top-k, top-p, min-p, greedy; the log-probability that training
// uses comes from the full vocabulary (kernels/logprob.h), the mass that the filters kept is reported apart. Pure: the
// random number is an argument.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "r1/rollout/engine.h"

namespace r1::rollout {

/// UserError for values that make no distribution.
void validate(const SamplingConfig& config);

struct Choice {
  std::int64_t token = 0;
  float log_kept_mass = 0.0f;  // log of the probability mass the filters left; 0 when they dropped nothing
};

class Sampler {
 public:
  /// Chooses from `probabilities` (softmax at the temperature; banned ones are set to 0 in place) with `uniform` in [0,
  /// 1). Ids in `banned` (end of sequence before min_new_tokens) are never chosen. Greedy (temperature 0): the lowest
  /// id among the best.
  Choice choose(std::span<float> probabilities, const SamplingConfig& config, double uniform,
                std::span<const std::int32_t> banned);

 private:
  Choice choose_filtered(std::span<const float> probabilities, const SamplingConfig& config, double uniform);

  std::vector<std::int32_t> order_;
};

}  // namespace r1::rollout
