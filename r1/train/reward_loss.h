// Losses of reward models, as sums over a micro-batch divided by the size of the whole update, so that the cut into
// micro-batches does not change the gradient. Scores come in as tensors; models are reward_network.h's.
#pragma once

#include <cstdint>

#include "r1/tensor/torch.h"

namespace r1::train {

/// Bradley-Terry: sum_i [ -log sigmoid(c_i - r_i) + center * (c_i + r_i)^2 ] / update_size (TRL's reward trainer; the
/// second term keeps the scores near 0, where a pair's loss alone leaves them free). chosen, rejected [N].
at::Tensor pairwise_loss(const at::Tensor& chosen, const at::Tensor& rejected, double center, std::int64_t update_size);

/// Binary cross-entropy: sum_i [ -y_i log sigmoid(s_i) - (1 - y_i) log sigmoid(-s_i) ] / update_size. scores [N],
/// labels [N] in [0, 1].
at::Tensor pointwise_loss(const at::Tensor& scores, const at::Tensor& labels, std::int64_t update_size);

}  // namespace r1::train
