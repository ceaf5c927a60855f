// Data parallel training: each process computes its rows of every update, gradients and losses are summed over the
// processes once, and each applies the same update to its own copy of the weights. The normaliser is the whole update's
// (step.h), so the number of processes changes the gradient by rounding only, and shares may be uneven. Not here:
// connections (parallel/), sharded weights or moments.
#pragma once

#include <optional>
#include <string>

#include "r1/data/loader.h"
#include "r1/model/decoder.h"
#include "r1/parallel/process_group.h"
#include "r1/train/step.h"

namespace r1::train {

/// The other processes of a run; alone without a group, and then every call does nothing.
class Peers {
 public:
  Peers() = default;
  /// UserError when there are more processes than rows.
  Peers(parallel::ProcessGroup* group, const TrainConfig& config, const std::string& stage);

  /// Files and metrics are this process's to write.
  bool writes() const { return group_ == nullptr || group_->rank() == 0; }
  /// This process's rows of an update, contiguous in rank order; none: all.
  std::optional<Rows> rows() const;
  /// Sums the gradients in the parameters, the losses and the experts' loads of update `step` over all processes.
  void reduce(model::Decoder& model, StepLosses& losses, std::int64_t step);
  /// UserError that says what differs unless all processes have the same step, place in the data, settings and weights.
  void agree(model::Decoder& model, const data::LoaderCursor& cursor, std::int64_t step);
  /// Waits until rank 0 has written what it writes.
  void finish();

 private:
  parallel::ProcessGroup* group_ = nullptr;
  std::int64_t num_rows_ = 0;
  std::string stage_, settings_;
};

}  // namespace r1::train
