// Updates from a rollout batch: recomputed log-probabilities, the reference's, and mini-batch steps of the GRPO loss.
#pragma once

#include <vector>

#include "r1/model/decoder.h"
#include "r1/rl/controller.h"
#include "r1/rl/sample.h"
#include "r1/train/data_parallel.h"
#include "r1/train/optim/adamw.h"

namespace r1::rl {

/// The trainer's forward over samples, packed: log-probabilities of every completion token, in order, at the sampling
/// temperature.
struct Recomputed {
  std::vector<float> logp;
  double entropy_sum = 0.0;
};
Recomputed recompute(const model::Decoder& model, const std::vector<const Sample*>& samples, const GrpoConfig& config);

/// |recomputed - sampled| over all tokens.
struct LogpDifference {
  double max = 0.0;
  double mean = 0.0;
};
LogpDifference logp_difference(const std::vector<const Sample*>& samples, const std::vector<float>& recomputed);

struct UpdateStats {
  double loss = 0.0;
  double grad_norm = 0.0;
  double tokens = 0.0;
  double kl_sum = 0.0, clipped_low = 0.0, clipped_high = 0.0, ratio_sum = 0.0, entropy_sum = 0.0;
  std::vector<float> logp;  // of all tokens in order, before the update
};

struct UpdateSettings {
  const GrpoConfig& config;
  double rate;                // learning rate
  const train::Peers& peers;  // each process computes its share of the samples
};

/// Gradients of the loss over `samples` in micro-batches, then one optimizer step. The caller has set advantages and
/// old log-probabilities. UserError on a loss that is no number, naming the update; the weights are untouched then.
UpdateStats update(model::Decoder& model, train::AdamW& optimizer, const std::vector<const Sample*>& samples,
                   const UpdateSettings& settings);

}  // namespace r1::rl
