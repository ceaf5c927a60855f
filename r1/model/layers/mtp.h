// The multi-token prediction module of depth 1 (DeepSeek-V3 section 2.2): from the stack's output at token i and the
// embedding of token i+1 to the prediction of token i+2, through one more block. Embedding and head are the main
// model's.
#pragma once

#include "r1/model/layers/block.h"

namespace r1::model {

class Mtp {
 public:
  explicit Mtp(const DeepseekV3Config& config);

  /// h [T, D]: the stack's output before the final norm; next [T, D]: embeddings of the next tokens. Returns [T, D],
  /// normed, ready for the shared head. The concatenation is in the checkpoints' order [enorm(embedding); hnorm(h)].
  at::Tensor forward(const at::Tensor& h, const at::Tensor& next, const ForwardInput& input,
                     const tensor::RopeTable& table, RoutingStats* stats) const;
  void stack_weights() { block_.stack_weights(); }
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  double eps_;
  std::int64_t hidden_size_;
  at::Tensor enorm_, hnorm_, head_norm_;
  tensor::LinearWeight eh_proj_;
  Block block_;
};

}  // namespace r1::model
