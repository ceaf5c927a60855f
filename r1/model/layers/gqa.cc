// Grouped-query attention (gqa.h).
#include "r1/model/layers/gqa.h"

#include <cmath>

#include "r1/model/layers/cache_rows.h"
#include "r1/tensor/ops/attention.h"
#include "r1/tensor/ops/rmsnorm.h"
#include "r1/tensor/ops/rope.h"
#include "r1/tensor/ops/stacked.h"

namespace r1::model {

at::Tensor Gqa::with_bias(const at::Tensor& y, const Projection& p) { return p.bias.defined() ? y + p.bias : y; }

at::Tensor Gqa::heads_of(const at::Tensor& projected, std::int64_t heads, const at::Tensor& norm) const {
  const std::int64_t tokens = projected.size(0), width = config_.head_dim;
  if (!norm.defined()) return projected.view({tokens, heads, width});
  return tensor::rmsnorm(projected.view({tokens * heads, width}), norm, config_.rms_norm_eps)
      .view({tokens, heads, width});
}

tensor::Qkv Gqa::queries_keys_values(const at::Tensor& x, const ForwardInput& input,
                                     const tensor::RopeTable& table) const {
  const bool adapted = q_.weight.adapter || k_.weight.adapter || v_.weight.adapter;
  if (!q_norm_.defined() && !adapted) {
    tensor::QkvWeights weights{{q_.weight.weight, k_.weight.weight, v_.weight.weight}, {}};
    if (q_.bias.defined()) weights.biases = {q_.bias, k_.bias, v_.bias};
    if (auto at_once = tensor::qkv_rope(x, weights, input.positions, table)) return *std::move(at_once);
  }
  const std::vector<at::Tensor> projected = tensor::linears(x, {&q_.weight, &k_.weight, &v_.weight});
  return {tensor::rope_halves(heads_of(with_bias(projected[0], q_), config_.heads, q_norm_), input.positions, table),
          tensor::rope_halves(heads_of(with_bias(projected[1], k_), config_.kv_heads, k_norm_), input.positions, table),
          with_bias(projected[2], v_).view({x.size(0), config_.kv_heads, config_.head_dim})};
}

void Gqa::stack_weights() {
  tensor::stack({&q_.weight.weight, &k_.weight.weight, &v_.weight.weight});
  tensor::stack({&q_.bias, &k_.bias, &v_.bias});
}

at::Tensor Gqa::forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                        std::size_t layer) const {
  const std::int64_t tokens = x.size(0);
  const auto [q, k, v] = queries_keys_values(x, input, table);
  const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  at::Tensor out;
  if (input.cache == nullptr) {
    out = tensor::attention(q, k, v, input.ranges, scale);
  } else {
    tensor::write_key_panels(input.cache->k[layer], input.cache->write_rows, k);
    write_rows(input.cache->v[layer], input.cache->write_rows, v);
    out = tensor::cached_attention(q, input.cache->k[layer], input.cache->v[layer], input.ranges, scale);
  }
  return with_bias(tensor::linear(out.reshape({tokens, config_.heads * config_.head_dim}), o_.weight), o_);
}

void Gqa::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  const std::int64_t hidden = config_.hidden_size, q = config_.heads * config_.head_dim;
  const std::int64_t kv = config_.kv_heads * config_.head_dim;
  const auto projection = [&](const char* name, Projection& p, std::int64_t out, std::int64_t in, bool bias) {
    visit(adaptable(prefix + name + ".weight", p.weight, out, in));
    if (bias) visit({prefix + name + ".bias", &p.bias, {out}, Parameter::Kind::Bias});
  };
  projection("q_proj", q_, q, hidden, config_.qkv_bias);
  projection("k_proj", k_, kv, hidden, config_.qkv_bias);
  projection("v_proj", v_, kv, hidden, config_.qkv_bias);
  projection("o_proj", o_, hidden, q, config_.o_bias);
  if (!config_.qk_norm) return;
  visit({prefix + "q_norm.weight", &q_norm_, {config_.head_dim}, Parameter::Kind::Norm});
  visit({prefix + "k_norm.weight", &k_norm_, {config_.head_dim}, Parameter::Kind::Norm});
}

}  // namespace r1::model
