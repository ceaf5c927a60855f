// y = x W^T: rows of y depend on their row of x alone (kernels/gemm.h). No bias: DeepSeek-V3 has none.
#pragma once

#include <memory>
#include <vector>

#include "r1/tensor/packed_weight.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

/// A weight [out, in] with its packed forms.
struct LinearWeight {
  at::Tensor weight;
  std::shared_ptr<PackedWeight> packed = std::make_shared<PackedWeight>();
};

/// x [T, in] contiguous -> [T, out] in x's type, or in float32 if `f32_out` (router and vocabulary logits).
at::Tensor linear(const at::Tensor& x, const LinearWeight& weight, bool f32_out = false);

/// linear(x, w) of each; on a GPU one op, whose gradient of x is summed inside the products.
std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<const LinearWeight*>& weights);

// The three products on plain tensors, for ops that record their own gradients.
/// y [T, out] = x [T, in] W^T.
void linear_forward(const at::Tensor& x, const float* packed_forward, const at::Tensor& y);
/// dx [T, in] = dy [T, out] W.
void linear_backward_input(const at::Tensor& dy, const float* packed_backward, const at::Tensor& dx);
/// dw [out, in] (+)= dy^T x; dw is float32.
void linear_backward_weight(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& dw, bool accumulate);

}  // namespace r1::tensor
