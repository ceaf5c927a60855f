// The GRPO loss (grpo_loss.h).
#include "r1/rl/grpo_loss.h"

#include <ATen/ops/clamp.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>

#include "r1/core/error.h"

namespace r1::rl {

namespace {

/// Sums of values [N] by sequence: [num_sequences].
at::Tensor sum_by_sequence(const at::Tensor& values, const GrpoTokens& t) {
  return at::zeros({t.num_sequences}, values.options().requires_grad(false)).index_add(0, t.sequence, values);
}

at::Tensor ratios(const GrpoTokens& t, const at::Tensor& lengths, const std::string& level) {
  const at::Tensor log_ratio = t.logp - t.old_logp;
  if (level == "token") return at::exp(log_ratio);
  R1_CHECK(level == "sequence", "ratio_level '{}'", level);
  return at::exp(sum_by_sequence(log_ratio, t) / lengths).index_select(0, t.sequence);
}

/// The weight of each token in the sum that makes the loss.
at::Tensor token_weights(const GrpoTokens& t, const at::Tensor& lengths, const GrpoLossConfig& c,
                         const UpdateTotals& totals) {
  const at::Tensor ones = at::ones_like(t.old_logp);
  if (c.normalizer == "token_global") return ones / static_cast<double>(totals.tokens);
  if (c.normalizer == "constant") return ones / (static_cast<double>(totals.sequences) * c.constant_length);
  if (c.normalizer == "micro_batch") return ones / static_cast<double>(t.logp.numel() * totals.micro_batches);
  R1_CHECK(c.normalizer == "seq_mean", "loss_normalizer '{}'", c.normalizer);
  return ones / (lengths.index_select(0, t.sequence) * static_cast<double>(totals.sequences));
}

}  // namespace

GrpoLoss grpo_loss(const GrpoTokens& t, const GrpoLossConfig& c, const UpdateTotals& totals) {
  const at::Tensor lengths = sum_by_sequence(at::ones_like(t.old_logp), t);
  const at::Tensor ratio = ratios(t, lengths, c.ratio_level);
  const at::Tensor clipped = at::clamp(ratio, 1.0 - c.clip_low, 1.0 + c.clip_high);
  const at::Tensor capped = c.delta > 0.0 ? at::clamp_max(ratio, c.delta) : ratio;
  at::Tensor per_token = -at::minimum(capped * t.advantage, clipped * t.advantage);
  GrpoLoss out;
  if (t.ref_logp.defined()) {
    const at::Tensor d = t.ref_logp - t.logp;
    const at::Tensor k3 = at::exp(d) - d - 1.0;
    out.kl_sum = k3.sum().item<double>();
    if (c.kl_coefficient != 0.0) per_token = per_token + c.kl_coefficient * (c.bias_correction_kl ? k3 * ratio : k3);
  }
  if (t.entropy.defined() && c.entropy_coefficient != 0.0) per_token = per_token - c.entropy_coefficient * t.entropy;
  out.loss = (per_token * token_weights(t, lengths, c, totals)).sum();
  const at::NoGradGuard no_grad;
  out.clipped_low = (ratio.lt(1.0 - c.clip_low) & t.advantage.lt(0)).sum().item<double>();
  out.clipped_high = (ratio.gt(1.0 + c.clip_high) & t.advantage.gt(0)).sum().item<double>();
  out.ratio_sum = ratio.sum().item<double>();
  return out;
}

}  // namespace r1::rl
