// Losses of reward models (reward_loss.h).
#include "r1/train/reward_loss.h"

#include <ATen/ops/log_sigmoid.h>

#include "r1/core/error.h"

namespace r1::train {

at::Tensor pairwise_loss(const at::Tensor& chosen, const at::Tensor& rejected, double center,
                         std::int64_t update_size) {
  R1_CHECK(chosen.sizes() == rejected.sizes() && update_size > 0, "{} chosen, {} rejected scores, update of {}",
           chosen.numel(), rejected.numel(), update_size);
  at::Tensor per_pair = -at::log_sigmoid(chosen - rejected);
  if (center != 0.0) {
    const at::Tensor sum = chosen + rejected;
    per_pair = per_pair + center * sum * sum;
  }
  return per_pair.sum() / static_cast<double>(update_size);
}

at::Tensor pointwise_loss(const at::Tensor& scores, const at::Tensor& labels, std::int64_t update_size) {
  R1_CHECK(scores.sizes() == labels.sizes() && update_size > 0, "{} scores, {} labels, update of {}", scores.numel(),
           labels.numel(), update_size);
  const at::Tensor per_text = -(labels * at::log_sigmoid(scores) + (1.0 - labels) * at::log_sigmoid(-scores));
  return per_text.sum() / static_cast<double>(update_size);
}

}  // namespace r1::train
