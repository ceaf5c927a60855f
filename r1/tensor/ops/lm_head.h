// The vocabulary projection without [T, V] in memory: log-probabilities of given targets, computed over chunks of rows
// and recomputed in the backward pass.
#pragma once

#include "r1/tensor/ops/linear.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

struct TokenLogprobs {
  at::Tensor logp;     // [T] float32: log p(target) at the temperature; 0 where the target is negative
  at::Tensor entropy;  // [T] float32, of the whole distribution
};

/// h [T, D], weight [V, D], targets [T] int64 (negative = ignored).
TokenLogprobs lm_head_logprobs(const at::Tensor& h, const LinearWeight& weight, const at::Tensor& targets,
                               double temperature);

}  // namespace r1::tensor
