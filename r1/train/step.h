// One update's worth of language modelling: forward and backward over micro-batches with one normaliser for the whole
// update, so that the cut into micro-batches never changes the gradient beyond rounding; and the balancing of experts
// by their selection bias.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "r1/data/packing.h"
#include "r1/model/decoder.h"
#include "r1/train/trainer.h"

namespace r1::train {

class Forgetting;

/// Rows [begin, end) of an update: a process's own (data_parallel.h).
struct Rows {
  std::int64_t begin = 0, end = 0;
};

struct StepLosses {
  double loss = 0.0;          // mean negative log-probability of the next token over all targets
  double mtp_loss = 0.0;      // the same of the MTP module, divided by the same number of targets (eq. 24)
  double balance_loss = 0.0;  // summed over layers, before alpha
  double start_kl = 0.0;      // KL(start || model), mean over all targets, before its weight
  std::vector<at::Tensor> loads;  // a MoE layer: tokens sent to each expert
};

/// Leaves the gradients of loss + mtp_weight * mtp + alpha * balance + kl_to_start * KL in the parameters; the KL with
/// `forgetting` only. The normaliser is the whole update's: gradients and losses of `rows` (default: all) are their
/// part of the update's sums.
StepLosses accumulate_gradients(const model::Decoder& model, const data::PackedBatch& packed, const TrainConfig& config,
                                const Forgetting* forgetting = nullptr, std::optional<Rows> rows = std::nullopt);

/// b_i += speed * sign(mean load - load_i) (DeepSeek-V3 section 2.1.2). `loads` in the order of the model's MoE layers,
/// MTP's last. Biases that `freeze` matches (model/freeze.h) stay.
void update_router_biases(model::Decoder& model, const std::vector<at::Tensor>& loads, double speed,
                          const std::vector<std::string>& freeze = {});

/// (max load - mean load) / mean load, averaged over layers.
double max_violation(const std::vector<at::Tensor>& loads);

}  // namespace r1::train
