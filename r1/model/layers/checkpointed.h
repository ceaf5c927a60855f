// A decoder layer with activation checkpointing, where the forward pass asks for it. What travels from layer to layer
// is the residual stream, as one tensor or as two that the next layer adds.
#pragma once

#include <functional>
#include <vector>

#include "r1/model/forward_input.h"

namespace r1::model {

/// From stream to stream; fills `stats` if given.
using Layer = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& stream, RoutingStats* stats)>;

/// layer(stream, stats); with input.gradient_checkpointing it keeps the stream alone and runs again in the backward
/// pass (tensor/recompute.h). Loads are counted once.
std::vector<at::Tensor> checkpointed(const Layer& layer, const std::vector<at::Tensor>& stream,
                                     const ForwardInput& input, RoutingStats* stats);

}  // namespace r1::model
