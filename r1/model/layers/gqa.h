// Grouped-query attention (Ainslie et al. 2023) as Llama and Qwen have it: rotary halves, optional biases, optional
// norms of queries and keys per head. One form for training, prefill and decoding.
#pragma once

#include <string>

#include "r1/model/forward_input.h"
#include "r1/model/parameter.h"
#include "r1/tensor/ops/linear.h"
#include "r1/tensor/ops/qkv.h"

namespace r1::model {

struct GqaConfig {
  std::int64_t hidden_size = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool qkv_bias = false, o_bias = false, qk_norm = false;
  double rms_norm_eps = 1e-6;
};

class Gqa {
 public:
  explicit Gqa(const GqaConfig& config) : config_(config) {}

  /// x [T, hidden] (normed) -> [T, hidden]. `layer` names the cache's slot.
  at::Tensor forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                     std::size_t layer) const;
  void stack_weights();  // as Decoder's
  void parameters(const std::string& prefix, const ParameterVisitor& visit);

 private:
  struct Projection {
    tensor::LinearWeight weight;
    at::Tensor bias;  // undefined: none
  };
  static at::Tensor with_bias(const at::Tensor& y, const Projection& p);
  tensor::Qkv queries_keys_values(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table) const;
  /// [T, heads, head_dim], normed per head where the family does.
  at::Tensor heads_of(const at::Tensor& projected, std::int64_t heads, const at::Tensor& norm) const;

  GqaConfig config_;
  Projection q_, k_, v_, o_;
  at::Tensor q_norm_, k_norm_;
};

}  // namespace r1::model
