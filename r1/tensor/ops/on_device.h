// The ops that a GPU does with libtorch's own CUDA operators: products (cuBLAS), packed attention (flash), grouped
// products of experts. Called by the ops of the same names when their tensors lie on CUDA; same results, gradients
// recorded. bf16 is the fast case; float32 works and is for tests.
#pragma once

#include <vector>

#include "r1/tensor/ops/attention.h"
#include "r1/tensor/ops/lm_head.h"
#include "r1/tensor/ops/moe.h"

namespace r1::tensor::on_device {

// The three products on plain tensors, for ops that record their own gradients. Sums over K that a library might split
// are whole where a row's bits must not depend on the number of rows.
/// x [T, in] W [out, in]^T -> [T, out].
at::Tensor product(const at::Tensor& x, const at::Tensor& weight);
/// dy [T, out] W -> [T, in].
at::Tensor input_product(const at::Tensor& dy, const at::Tensor& weight);
/// dy^T x -> [out, in].
at::Tensor weight_product(const at::Tensor& dy, const at::Tensor& x);

/// The upper half of the columns of rows [rows, 2I].
char* second_half(const at::Tensor& fused);
/// SwiGLU of rows whose first half is the gate: [rows, 2I] -> [rows, I].
at::Tensor activated(const at::Tensor& gate_up_rows);

struct MlpWeights {
  at::Tensor gate, up, down;
  at::Tensor gate_up;  // gate and up as one (stacked.h)
};
/// The feed-forward layer of mlp.h.
at::Tensor swiglu_mlp(const at::Tensor& x, const MlpWeights& weights);

/// x W^T of each weight; the gradient of x is summed inside the products.
std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<at::Tensor>& weights);
/// In float32, for routers and vocabulary logits.
at::Tensor linear_f32(const at::Tensor& x, const at::Tensor& weight);
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale);
TokenLogprobs lm_head_logprobs(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& targets,
                               double temperature);
at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const at::Tensor& gate_up, const at::Tensor& down);

}  // namespace r1::tensor::on_device
