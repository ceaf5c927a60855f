// Multi-head latent attention (DeepSeek-V2 section 2.1, DeepSeek-V3 eq. 1-11): low-rank queries, a low-rank latent for
// keys and values, a decoupled rotary part. Two forms: expanded (training; exact numerics) and absorbed (fast decoding
// on the latent).
#pragma once

#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/forward_input.h"
#include "r1/model/parameter.h"
#include "r1/tensor/ops/linear.h"
#include "r1/tensor/ops/mla_rope.h"

namespace r1::model {

class Mla {
 public:
  explicit Mla(const DeepseekV3Config& config);

  /// x [T, hidden] (normed) -> [T, hidden]. `layer` names the cache's slot.
  at::Tensor forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                     std::size_t layer) const;
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  at::Tensor queries(const at::Tensor& x) const;
  at::Tensor expanded(const at::Tensor& q, const at::Tensor& latent, const at::Tensor& k_pe, const ForwardInput& input,
                      const tensor::RopeTable& table, std::size_t layer) const;  // NOLINT(readability-function-size)
  at::Tensor absorbed(const at::Tensor& q, const at::Tensor& latent, const at::Tensor& k_pe, const ForwardInput& input,
                      const tensor::RopeTable& table, std::size_t layer) const;  // NOLINT(readability-function-size)

  DeepseekV3Config config_;
  double scale_;
  tensor::LinearWeight q_proj_;  // q_lora_rank == 0
  tensor::LinearWeight q_a_proj_, q_b_proj_;
  at::Tensor q_a_norm_;
  tensor::LinearWeight kv_a_proj_, kv_b_proj_;
  at::Tensor kv_a_norm_;
  tensor::LinearWeight o_proj_;
};

}  // namespace r1::model
