// The ops in float64, as plain ATen compositions with ATen's own gradients: what parity with other programs is proved
// on to 1e-9 (float32 kernels can't show more than 1e-6). Slow and simple; every op comes here when its input is
// float64. Same arguments and results as the ops of the same names.
#pragma once

#include "r1/tensor/ops/attention.h"
#include "r1/tensor/ops/lm_head.h"
#include "r1/tensor/ops/mla_rope.h"
#include "r1/tensor/ops/moe.h"
#include "r1/tensor/torch.h"

namespace r1::tensor::reference {

inline bool takes(const at::Tensor& x) { return x.scalar_type() == at::kDouble; }

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight);
at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale);
MlaHeads mla_rope(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_pe, const at::Tensor& positions,
                  const RopeTable& table, const MlaShape& shape);  // NOLINT(readability-function-size)
Routing route(const at::Tensor& logits, const at::Tensor& bias, const kernels::RouteConfig& config);
at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const at::Tensor& gate_up, const at::Tensor& down);
TokenLogprobs lm_head_logprobs(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& targets,
                               double temperature);

}  // namespace r1::tensor::reference
