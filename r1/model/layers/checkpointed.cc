// Activation checkpointing of a layer (checkpointed.h).
#include "r1/model/layers/checkpointed.h"

#include <iterator>
#include <memory>

#include "r1/tensor/recompute.h"

namespace r1::model {

std::vector<at::Tensor> checkpointed(const Layer& layer, const std::vector<at::Tensor>& stream,
                                     const ForwardInput& input, RoutingStats* stats) {
  if (!input.gradient_checkpointing) return layer(stream, stats);
  const bool counts = stats != nullptr;
  const std::int64_t sequence_length = counts ? stats->sequence_length : 0;
  // Balance losses have gradients, so they are outputs beside the stream; loads have none.
  const auto loads = std::make_shared<std::vector<at::Tensor>>();
  std::vector<at::Tensor> out = tensor::recomputed(
      [layer, counts, sequence_length, loads](const std::vector<at::Tensor>& inputs) {
        RoutingStats own{sequence_length, {}, {}};
        std::vector<at::Tensor> outputs = layer(inputs, counts ? &own : nullptr);
        outputs.insert(outputs.end(), own.balance_losses.begin(), own.balance_losses.end());
        *loads = std::move(own.loads);
        return outputs;
      },
      stream);
  if (!counts) return out;
  stats->loads.insert(stats->loads.end(), loads->begin(), loads->end());
  if (sequence_length == 0) return out;
  const std::size_t losses = loads->size();
  stats->balance_losses.insert(stats->balance_losses.end(), out.end() - static_cast<std::ptrdiff_t>(losses), out.end());
  out.resize(out.size() - losses);
  return out;
}

}  // namespace r1::model
