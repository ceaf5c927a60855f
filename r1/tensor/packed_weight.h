// The packed forms of a weight for the matrix product (kernels/gemm.h), made on first use and again whenever the weight
// has changed: its ATen version counter tells. One object a weight, held by the layer that owns it.
#pragma once

#include <cstdint>
#include <vector>

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// For a weight [out, in], or a stack of them [experts, out, in].
class PackedWeight {
 public:
  /// Panels for x [*, in] -> y [*, out]; matrix `index` of a stack.
  const float* forward(const at::Tensor& weight, std::int64_t index = 0);
  /// Panels for dy [*, out] -> dx [*, in].
  const float* backward(const at::Tensor& weight, std::int64_t index = 0);

 private:
  struct Panels {
    at::Tensor data;
    std::int64_t version = -1;
    const void* source = nullptr;
    std::int64_t stride = 0;  // floats of one matrix
  };
  static const float* refresh(Panels& panels, const at::Tensor& weight, std::int64_t index, bool transposed);

  Panels forward_;
  Panels backward_;
};

/// Packs a row-major [k, n] matrix for one product (gradients of weights).
at::Tensor pack_rows(const at::Tensor& matrix);

}  // namespace r1::tensor
