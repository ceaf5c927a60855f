// The forward and backward pass of a micro-batch as a recorded graph (tensor/device_graph.h): one launch in the place
// of a thousand, for models so small that the host can't keep up with the GPU. Dense models, the next-token loss alone.
// Batches are padded to few shapes, each recorded once; a recorded shape keeps activations of its own on the GPU.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "r1/train/step.h"

namespace r1::train {

struct Batch;

class StepGraph {
 public:
  StepGraph();
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  /// UserError, naming `stage`, for what can't be recorded: the CPU, experts, MTP, losses against forgetting.
  static void check(const model::Decoder& model, const TrainConfig& config, const std::string& stage);

  /// As train::accumulate_gradients; the gradients lie in tensors of the graph's own, whose values the next call
  /// overwrites.
  StepLosses accumulate_gradients(model::Decoder& model, const data::PackedBatch& packed, const TrainConfig& config,
                                  std::optional<Rows> rows = std::nullopt);

 private:
  struct Recorded;
  // tokens, documents, longest document, rows with a target
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

  void begin_update(model::Decoder& model);
  at::Tensor run(const model::Decoder& model, const Batch& host, double targets, const TrainConfig& config);
  void record(const model::Decoder& model, Recorded& r) const;

  std::vector<at::Tensor> grads_;
  std::map<Key, std::unique_ptr<Recorded>> recorded_;
};

}  // namespace r1::train
