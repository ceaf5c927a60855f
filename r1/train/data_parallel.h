// Data parallel training: each process computes its share of every update, gradients and losses are summed over the
// processes once, and each applies the same update to its own copy of the weights. The normaliser is the whole update's
// (step.h, rl/grpo_loss.h), so the number of processes changes the gradient by rounding only, and shares may be uneven.
// Not here: connections (parallel/), sharded weights or moments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/parallel/process_group.h"
#include "r1/train/step.h"

namespace r1::train {

/// The processes of a run. Alone (no group) this one has everything, and sums are what they were.
class Peers {
 public:
  /// `stage` names the run in errors; `settings` is its resolved configuration.
  Peers(parallel::ProcessGroup* group, std::string stage, const std::string& settings);

  bool alone() const { return group_ == nullptr; }
  /// Files and metrics are this process's to write.
  bool writes() const { return alone() || group_->rank() == 0; }
  /// This process's part of [0, count): contiguous in rank order, sizes differ by 1 at most. UserError, naming `what`,
  /// when there are fewer than processes.
  Rows share(std::int64_t count, const std::string& what) const;

  /// Sums over all processes; every process must call it with as many values.
  void sum(std::vector<double>& values, const std::string& what) const;
  /// Sums the gradients of all parameters that have one in any process.
  void sum_gradients(model::Decoder& model, const std::string& what) const;
  /// The strings of all processes, by rank.
  std::vector<std::string> gather(const std::string& mine, const std::string& what) const;
  /// UserError that says what differs unless all processes have the same step, settings, weights and place in the
  /// `data`.
  void agree(model::Decoder& model, std::int64_t step, const std::string& data) const;
  /// Waits until rank 0 has written what it writes.
  void finish() const;

 private:
  parallel::ProcessGroup* group_;
  std::string stage_, settings_;
};

/// Gradients in the parameters, losses and experts' loads of one update of language modelling, summed over `peers`.
void sum_update(const Peers& peers, model::Decoder& model, StepLosses& losses);

}  // namespace r1::train
