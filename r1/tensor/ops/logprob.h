// Rows of logits as distributions, for sampling: probabilities, and the log-probability of chosen tokens by the very
// kernel that training's lm_head_logprobs (lm_head.h) uses. No gradients.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// softmax(logits / temperature): [rows, vocab] float32 -> the same.
at::Tensor row_probabilities(const at::Tensor& logits, double temperature);

/// log softmax(logits / temperature)[i, targets[i]]: targets [rows] int64 -> [rows] float32.
at::Tensor row_logprobs(const at::Tensor& logits, const at::Tensor& targets, double temperature);

}  // namespace r1::tensor
