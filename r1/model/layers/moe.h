// A mixture of experts: routed experts by a router with or without groups and selection bias (kernels/moe.h), shared
// experts for all tokens where a family has them (DeepSeekMoE), and DeepSeek-V3's sequence-wise balance loss (eq.
// 17-20). Router logits are float32.
#pragma once

#include <optional>

#include "r1/model/forward_input.h"
#include "r1/model/layers/mlp.h"
#include "r1/model/parameter.h"
#include "r1/tensor/ops/moe.h"

namespace r1::model {

/// The balance loss of one layer before its factor alpha (eq. 17-20): mean over sequences of sum_i f_i P_i, where f_i
/// counts how often expert i is among the K best unbiased scores. scores [T, E], T a multiple of sequence_length.
/// Gradient through P only.
at::Tensor sequence_balance(const at::Tensor& scores, std::int64_t top_k, std::int64_t sequence_length);

struct MoeConfig {
  std::int64_t hidden_size = 0, moe_intermediate_size = 0;
  std::int64_t shared_intermediate_size = 0;  // of the shared experts together; 0: none
  bool selection_bias = false;                // e_score_correction_bias
  kernels::RouteConfig route;
};

class Moe {
 public:
  explicit Moe(const MoeConfig& config);

  /// x [T, hidden] -> [T, hidden]; fills `stats` if given.
  at::Tensor forward(const at::Tensor& x, RoutingStats* stats) const;
  void stack_weights();  // as Decoder's
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  MoeConfig config_;
  tensor::LinearWeight gate_;
  at::Tensor bias_;                      // e_score_correction_bias [E] float32, or undefined
  tensor::LinearWeight gate_up_, down_;  // [E, 2I, D], [E, D, I]
  std::optional<Mlp> shared_;
};

}  // namespace r1::model
