// Divergence between the next-token distributions of a teacher and a student over the whole vocabulary: the loss of
// soft distillation (GKD, Agarwal et al. 2024) and of staying close to a start. Logits of a few rows exist at a time,
// never [T, V]. Not here: which rows count and the normaliser (the callers'), and hard distillation (SFT on a teacher's
// text).
#pragma once

#include <string>

#include "r1/tensor/ops/linear.h"
#include "r1/tensor/torch.h"

namespace r1::train {

/// T is the teacher's distribution, S the student's (softmax of logits / temperature), M = (1 - beta) S + beta T:
///   forward  KL(T || S) = sum_v T log(T / S)
///   reverse  KL(S || T)
///   jsd      beta KL(T || M) + (1 - beta) KL(S || M)
/// TRL's convention at the ends, where the formula itself is 0: jsd with beta 0 is `forward`, with beta 1 `reverse`
/// (the limits of jsd / beta and jsd / (1 - beta)). Nothing is multiplied by temperature^2.
struct DivergenceConfig {
  std::string kind = "forward";  // forward | reverse | jsd
  double jsd_beta = 0.5;  // weight of the teacher in M
  double temperature = 1.0;
};

/// UserError, opening with `where`, for an unknown kind, a beta outside [0, 1] or a temperature of 0 or below.
void validate(const DivergenceConfig& config, const std::string& where);

/// Of rows of logits, in closed form: both tensors in the logits' type.
struct RowDivergence {
  at::Tensor value;  // [N], nats
  at::Tensor gradient;  // [N, V]: d value / d student's logits
};
/// `teacher` and `student` [N, V] logits of one floating-point type; records no gradient.
RowDivergence row_divergence(const at::Tensor& teacher, const at::Tensor& student, const DivergenceConfig& config);

/// Rows [N, D] out of a model's final norm and its vocabulary projection [V, D]; D may differ between models, V not.
struct HeadRows {
  const at::Tensor& normed;
  const tensor::LinearWeight& head;
};
/// The divergence summed over rows, a float32 scalar. Differentiable in the student's rows and head, whose gradients
/// are computed along the way, chunk by chunk: the backward pass only scales them. The teacher gets no gradient.
at::Tensor divergence_sum(const HeadRows& teacher, const HeadRows& student, const DivergenceConfig& config);

}  // namespace r1::train
