// y = x W^T: rows of y depend on their row of x alone (kernels/gemm.h). A weight may carry a low-rank adapter (LoRA, Hu
// et al. 2021), which every product with it then includes. No bias: DeepSeek-V3 has none.
#pragma once

#include <memory>
#include <vector>

#include "r1/tensor/packed_weight.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

struct LowRank;

/// A weight [out, in] with its packed forms.
struct LinearWeight {
  at::Tensor weight;
  std::shared_ptr<PackedWeight> packed = std::make_shared<PackedWeight>();
  std::shared_ptr<LowRank> adapter = nullptr;  // null: none
};

/// What an adapter adds to a weight: scaling B A.
struct LowRank {
  LinearWeight a;  // [r, in]
  LinearWeight b;  // [out, r]
  double scaling = 1.0;
};

/// x [T, in] contiguous -> [T, out] in x's type, or in float32 if `f32_out` (router and vocabulary logits, which have
/// no adapters). With an adapter x W^T + (scaling x A^T) B^T, whose rows again depend on their row of x alone.
at::Tensor linear(const at::Tensor& x, const LinearWeight& weight, bool f32_out = false);

/// linear(x, w) of each; on a GPU one op, whose gradient of x is summed inside the products.
std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<const LinearWeight*>& weights);

/// W + scaling B A, [out, in] in W's type, rounded once: for what multiplies by the weight in another way. No gradient.
at::Tensor merged_weight(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b, double scaling);
/// The weight, its adapter merged where it has one.
at::Tensor merged_weight(const LinearWeight& weight);

// The three products on plain tensors, for ops that record their own gradients.
/// y [T, out] = x [T, in] W^T.
void linear_forward(const at::Tensor& x, const float* packed_forward, const at::Tensor& y);
/// dx [T, in] = dy [T, out] W.
void linear_backward_input(const at::Tensor& dy, const float* packed_backward, const at::Tensor& dx);
/// dw [out, in] (+)= dy^T x; dw is float32.
void linear_backward_weight(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& dw, bool accumulate);

}  // namespace r1::tensor
