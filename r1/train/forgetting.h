// Losses against forgetting, for training that starts from a model: KL(start || model) on the rows being trained on,
// and elastic weight consolidation (EWC, Kirkpatrick et al. 2017) towards the start's weights. The trainer calls it;
// the weights of both losses are TrainConfig's. Not here: mixing earlier data back in (data's).
#pragma once

#include <memory>
#include <vector>

#include "r1/data/token_shard.h"
#include "r1/model/decoder.h"
#include "r1/train/trainer.h"

namespace r1::train {

/// Mean over batches of the squared gradient of the batch's mean next-token loss (MTP and balance losses left out): the
/// empirical Fisher diagonal on the scale of one update's gradient, so it shrinks with rows_per_step. One float32
/// tensor a parameter in parameters()' order; undefined where no gradient comes (router biases, MTP). The first
/// forgetting.ewc_batches batches of rows_per_step rows of `shard`, drawn by config.seed. Leaves no gradients.
std::vector<at::Tensor> diagonal_fisher(model::Decoder& model, const data::TokenShard& shard, const TrainConfig& config,
                                        std::int32_t pad_id);

/// The start, frozen, and what stays near it means. A pure function of (init_from, ewc_shard, config): a resumed run
/// builds it anew, Fisher included, which costs ewc_batches steps and keeps a float a parameter out of each checkpoint.
class Forgetting {
 public:
  /// Loads the start. UserError for weights or files that make no sense.
  Forgetting(const TrainConfig& config, const TrainInputs& inputs);
  /// The same with a start and a Fisher diagonal (empty: no EWC) in hand.
  Forgetting(const ForgettingConfig& config, std::shared_ptr<model::Decoder> start, std::vector<at::Tensor> fisher);

  double kl_weight() const { return config_.kl_to_start; }

  /// KL(start || model) in nats, summed over `rows` [N] of `input`; `normed` [N, D]: the model's final_norm of these
  /// rows. A differentiable float32 scalar.
  at::Tensor kl_sum(const model::Decoder& model, const model::ForwardInput& input, const at::Tensor& rows,
                    const at::Tensor& normed) const;

  /// Adds lambda F (theta - theta_0) to the gradients of `model`; returns lambda / 2 sum F (theta - theta_0)^2. Theta
  /// are the weights that the forward uses (bf16 ones under bf16).
  double add_ewc_gradient(model::Decoder& model) const;

 private:
  ForgettingConfig config_;
  std::shared_ptr<model::Decoder> start_;
  std::vector<at::Tensor> fisher_;
};

/// UserError for negative weights, no batches, no start or no ewc_shard where they are needed. Null when all weights
/// are 0: nothing is loaded then.
std::unique_ptr<Forgetting> make_forgetting(const TrainConfig& config, const TrainInputs& inputs);

}  // namespace r1::train
