// The DeepSeek-V3 decoder for any configuration: embedding, decoder layers, final norm, untied head, and one
// multi-token prediction module where the configuration has it. One forward for training and decoding.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/forward_input.h"
#include "r1/model/layers/block.h"
#include "r1/model/layers/mtp.h"
#include "r1/model/parameter.h"
#include "r1/tensor/ops/lm_head.h"

namespace r1::model {

class DeepseekV3 {
 public:
  /// Fresh weights, N(0, initializer_range) by Philox of (seed, parameter); norms 1, selection bias 0.
  DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype, std::uint64_t seed);
  /// Parameters allocated, not filled: for a loader.
  DeepseekV3(const DeepseekV3Config& config, at::ScalarType dtype);

  /// [T, hidden]: the stack's output before the final norm.
  at::Tensor stack(const ForwardInput& input, RoutingStats* stats = nullptr) const;
  /// The final norm of rows of stack().
  at::Tensor final_norm(const at::Tensor& h) const;
  /// Normed rows the MTP module predicts token i+2 from; next_ids [T] = token i+1. Error without a module.
  at::Tensor mtp(const at::Tensor& stack_output, const at::Tensor& next_ids, const ForwardInput& input,
                 RoutingStats* stats = nullptr) const;
  /// Log-probabilities of targets [T] from normed rows.
  tensor::TokenLogprobs logprobs(const at::Tensor& normed, const at::Tensor& targets, double temperature) const;
  /// [T, vocab] float32, for sampling and tests.
  at::Tensor logits(const at::Tensor& normed) const;
  /// The vocabulary projection [vocab, hidden], for losses over whole distributions (train/distill_loss.h).
  const tensor::LinearWeight& lm_head() const { return lm_head_; }

  /// Every parameter in one fixed order.
  void visit_parameters(const ParameterVisitor& visit);
  std::vector<Parameter> parameters();

  const DeepseekV3Config& config() const { return config_; }
  at::ScalarType dtype() const { return dtype_; }
  std::int64_t num_parameters();
  /// Parameters that one token uses: all but the routed experts it is not sent to (MTP module left out).
  std::int64_t num_active_parameters();

 private:
  void allocate();

  DeepseekV3Config config_;
  at::ScalarType dtype_;
  tensor::RopeTable rope_;
  tensor::LinearWeight embed_tokens_;
  std::vector<Block> layers_;
  at::Tensor norm_;
  tensor::LinearWeight lm_head_;
  std::vector<Mtp> mtp_;
};

}  // namespace r1::model
