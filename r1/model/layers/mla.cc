// Multi-head latent attention (mla.h). Shapes: T tokens, H heads, N nope, P rope, V value, R kv rank.
#include "r1/model/layers/mla.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>

#include "r1/model/layers/cache_rows.h"
#include "r1/model/layers/rope_table.h"
#include "r1/tensor/ops/attention.h"
#include "r1/tensor/ops/rmsnorm.h"

namespace r1::model {

namespace {

constexpr double kLatentNormEps = 1e-6;  // of the reference code, whatever rms_norm_eps says

}  // namespace

Mla::Mla(const DeepseekV3Config& config) : config_(config), scale_(attention_scale(config)) {}

at::Tensor Mla::queries(const at::Tensor& x) const {
  if (config_.q_lora_rank == 0) return tensor::linear(x, q_proj_);
  return tensor::linear(tensor::rmsnorm(tensor::linear(x, q_a_proj_), q_a_norm_, kLatentNormEps), q_b_proj_);
}

at::Tensor Mla::forward(const at::Tensor& x, const ForwardInput& input, const tensor::RopeTable& table,
                        std::size_t layer) const {
  const at::Tensor q = queries(x);
  const at::Tensor compressed = tensor::linear(x, kv_a_proj_);  // [T, R + P]
  const at::Tensor latent = tensor::rmsnorm(compressed.narrow(1, 0, config_.kv_lora_rank), kv_a_norm_, kLatentNormEps);
  const at::Tensor k_pe = compressed.narrow(1, config_.kv_lora_rank, config_.qk_rope_head_dim);
  const bool fast = input.cache != nullptr && input.cache->absorbed;
  const at::Tensor heads =
      fast ? absorbed(q, latent, k_pe, input, table, layer) : expanded(q, latent, k_pe, input, table, layer);
  return tensor::linear(heads.reshape({x.size(0), config_.num_attention_heads * config_.v_head_dim}), o_proj_);
}

at::Tensor Mla::expanded(const at::Tensor& q, const at::Tensor& latent, const at::Tensor& k_pe,
                         const ForwardInput& input, const tensor::RopeTable& table,
                         std::size_t layer) const {  // NOLINT(readability-function-size)
  const at::Tensor kv = tensor::linear(latent, kv_b_proj_);  // [T, H * (N + V)]
  const tensor::MlaHeads heads = tensor::mla_rope(q, kv, k_pe, input.positions, table,
                                                  {.heads = config_.num_attention_heads,
                                                   .nope = config_.qk_nope_head_dim,
                                                   .rope = config_.qk_rope_head_dim,
                                                   .v = config_.v_head_dim});
  if (input.cache == nullptr) return tensor::attention(heads.q, heads.k, heads.v, input.ranges, scale_);
  tensor::write_key_panels(input.cache->k[layer], input.cache->write_rows, heads.k);
  write_rows(input.cache->v[layer], input.cache->write_rows, heads.v);
  return tensor::cached_attention(heads.q, input.cache->k[layer], input.cache->v[layer], input.ranges, scale_);
}

at::Tensor Mla::absorbed(const at::Tensor& q, const at::Tensor& latent, const at::Tensor& k_pe,
                         const ForwardInput& input, const tensor::RopeTable& table,
                         std::size_t layer) const {  // NOLINT(readability-function-size)
  const std::int64_t tokens = q.size(0), H = config_.num_attention_heads, N = config_.qk_nope_head_dim;
  const std::int64_t P = config_.qk_rope_head_dim, V = config_.v_head_dim, R = config_.kv_lora_rank;
  const at::Tensor row = at::cat({latent, k_pe}, 1).view({tokens, 1, R + P});
  tensor::rotate_in_place(row, input.positions, table, P);
  write_rows(input.cache->k[layer], input.cache->write_rows, row);

  const at::Tensor q_THD = q.view({tokens, H, N + P}).clone();
  tensor::rotate_in_place(q_THD, input.positions, table, P);
  const at::Tensor w_HDR = tensor::merged_weight(kv_b_proj_).view({H, N + V, R});
  const at::Tensor q_latent =
      at::bmm(q_THD.narrow(2, 0, N).transpose(0, 1), w_HDR.narrow(1, 0, N)).transpose(0, 1);  // [T, H, R]
  const at::Tensor q_all = at::cat({q_latent, q_THD.narrow(2, N, P)}, 2).contiguous();
  const at::Tensor& keys = input.cache->k[layer];
  const at::Tensor out_THR = tensor::attention(q_all, keys, keys.narrow(2, 0, R), input.ranges, scale_);
  return at::bmm(out_THR.transpose(0, 1), w_HDR.narrow(1, N, V).transpose(1, 2))
      .transpose(0, 1)
      .contiguous();  // [T, H, V]
}

void Mla::parameters(const std::string& prefix, const ParameterVisitor& visit) {
  const std::int64_t H = config_.num_attention_heads, D = config_.hidden_size;
  const std::int64_t qk = config_.qk_nope_head_dim + config_.qk_rope_head_dim;
  if (config_.q_lora_rank == 0) {
    visit(adaptable(prefix + "q_proj.weight", q_proj_, H * qk, D));
  } else {
    visit(adaptable(prefix + "q_a_proj.weight", q_a_proj_, config_.q_lora_rank, D));
    visit({prefix + "q_a_layernorm.weight", &q_a_norm_, {config_.q_lora_rank}, Parameter::Kind::Norm});
    visit(adaptable(prefix + "q_b_proj.weight", q_b_proj_, H * qk, config_.q_lora_rank));
  }
  visit(
      adaptable(prefix + "kv_a_proj_with_mqa.weight", kv_a_proj_, config_.kv_lora_rank + config_.qk_rope_head_dim, D));
  visit({prefix + "kv_a_layernorm.weight", &kv_a_norm_, {config_.kv_lora_rank}, Parameter::Kind::Norm});
  visit(adaptable(prefix + "kv_b_proj.weight", kv_b_proj_, H * (config_.qk_nope_head_dim + config_.v_head_dim),
                  config_.kv_lora_rank));
  visit(adaptable(prefix + "o_proj.weight", o_proj_, D, H * config_.v_head_dim));
}

}  // namespace r1::model
