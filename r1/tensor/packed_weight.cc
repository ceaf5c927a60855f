// Packing of weights, cached by version (packed_weight.h).
#include "r1/tensor/packed_weight.h"

#include "r1/core/error.h"
#include "r1/kernels/gemm.h"
#include "r1/tensor/dtype.h"

namespace r1::tensor {

const float* PackedWeight::forward(const at::Tensor& weight, std::int64_t index) {
  return refresh(forward_, weight, index, true);
}
const float* PackedWeight::backward(const at::Tensor& weight, std::int64_t index) {
  return refresh(backward_, weight, index, false);
}

const float* PackedWeight::refresh(Panels& panels, const at::Tensor& weight, std::int64_t index, bool transposed) {
  if (panels.version != static_cast<std::int64_t>(weight._version()) || panels.source != weight.const_data_ptr()) {
    R1_CHECK(weight.is_contiguous() && (weight.dim() == 2 || weight.dim() == 3),
             "a weight is [out, in] or [experts, out, in]");
    const std::int64_t count = weight.dim() == 3 ? weight.size(0) : 1;
    const std::int64_t out = weight.size(-2), in = weight.size(-1);
    const std::int64_t k = transposed ? in : out, n = transposed ? out : in;
    panels.stride = kernels::packed_size(k, n);
    if (!panels.data.defined()) panels.data = empty_f32({count * panels.stride});
    const char* source = static_cast<const char*>(weight.const_data_ptr());
    for (std::int64_t i = 0; i < count; ++i)
      kernels::pack({.source = source + i * out * in * static_cast<std::int64_t>(weight.element_size()),
                     .dtype = kernel_dtype(weight),
                     .k = k,
                     .n = n,
                     .stride_k = transposed ? 1 : in,
                     .stride_n = transposed ? in : 1,
                     .packed = panels.data.mutable_data_ptr<float>() + i * panels.stride});
    panels.version = static_cast<std::int64_t>(weight._version());
    panels.source = weight.const_data_ptr();
  }
  return panels.data.const_data_ptr<float>() + index * panels.stride;
}

at::Tensor pack_rows(const at::Tensor& matrix) {
  const std::int64_t k = matrix.size(0), n = matrix.size(1);
  at::Tensor packed = empty_f32({kernels::packed_size(k, n)});
  kernels::pack({.source = matrix.const_data_ptr(),
                 .dtype = kernel_dtype(matrix),
                 .k = k,
                 .n = n,
                 .stride_k = matrix.stride(0),
                 .stride_n = matrix.stride(1),
                 .packed = packed.mutable_data_ptr<float>()});
  return packed;
}

}  // namespace r1::tensor
