// The GRPO loss (DeepSeekMath eq. 3, DeepSeek-R1 eq. 1) over flat completion tokens:
//   l_t = -min(w_t A, clip(w_t, 1 - low, 1 + high) A) + beta * k3_t,   w_t = exp(logp_t - old_t),   k3 = e^d - d - 1, d
//   = ref_t - logp_t
// The ratio is per token, or per sequence (the exponential of the mean log-ratio, GSPO's form). One normaliser holds
// for the whole update, so micro-batches change the gradient by rounding only. Works in the tensors' own type (float64
// in the golden tests).
#pragma once

#include <cstdint>
#include <string>

#include "r1/tensor/torch.h"

namespace r1::rl {

struct GrpoLossConfig {
  double clip_low = 0.2, clip_high = 0.2;
  double delta = 0.0;  // upper cap of the unclipped ratio (two-sided clipping, INTELLECT-2); 0 = none
  double kl_coefficient = 0.0;
  bool bias_correction_kl = false;  // k3 times the ratio: an unbiased estimate (DeepSeek-V3.2)
  std::string ratio_level = "token";  // token | sequence
  std::string normalizer = "token_global";  // seq_mean | token_global | constant | micro_batch
  double constant_length = 256.0;  // of `constant`
  double entropy_coefficient = 0.0;
};

/// Completion tokens of one micro-batch, one after another.
struct GrpoTokens {
  at::Tensor logp;  // [N], with gradient
  at::Tensor old_logp;  // [N]
  at::Tensor ref_logp;  // [N], or undefined: no KL
  at::Tensor advantage;  // [N], each sequence's repeated
  at::Tensor sequence;  // [N] int64: 0 .. num_sequences - 1 within this micro-batch
  at::Tensor entropy;  // [N], with gradient, or undefined
  std::int64_t num_sequences = 0;
};

/// Totals over the whole update: what the loss is divided by.
struct UpdateTotals {
  std::int64_t sequences = 0;
  std::int64_t tokens = 0;
  std::int64_t micro_batches = 1;
};

struct GrpoLoss {
  at::Tensor loss;  // scalar: this micro-batch's share of the update's loss
  // Sums over tokens of this micro-batch, for metrics.
  double kl_sum = 0.0;  // k3
  double clipped_low = 0.0;  // tokens whose gradient the lower bound cuts (A < 0)
  double clipped_high = 0.0;  // the upper bound (A > 0)
  double ratio_sum = 0.0;
};

GrpoLoss grpo_loss(const GrpoTokens& tokens, const GrpoLossConfig& config, const UpdateTotals& totals);

}  // namespace r1::rl
