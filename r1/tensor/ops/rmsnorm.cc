// RMSNorm as an op of the graph (rmsnorm.h).
#include "r1/tensor/ops/rmsnorm.h"

#include "r1/core/error.h"
#include "r1/kernels/rmsnorm.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"

namespace r1::tensor {

at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  R1_CHECK(x.dim() == 2 && x.stride(1) == 1 && x.size(1) == weight.size(0), "rmsnorm: rows of {} for a weight of {}",
           x.size(-1), weight.size(0));
  if (reference::takes(x)) return reference::rmsnorm(x, weight, eps);
  const std::int64_t rows = x.size(0), columns = x.size(1);
  at::Tensor y = empty_like_type(x, {rows, columns});
  const bool grad = needs_grad({x, weight});
  at::Tensor inverse = grad ? empty_f32({rows}) : at::Tensor();
  kernels::rmsnorm({.rows = rows,
                    .columns = columns,
                    .x = x.const_data_ptr(),
                    .x_stride = x.stride(0),
                    .weight = weight.const_data_ptr(),
                    .y = y.mutable_data_ptr(),
                    .inverse_rms = grad ? inverse.mutable_data_ptr<float>() : nullptr,
                    .eps = static_cast<float>(eps),
                    .dtype = kernel_dtype(x)});
  if (grad) {
    record("rmsnorm", {y}, {x, weight},
           [x = x.detach(), weight = weight.detach(), inverse](const std::vector<at::Tensor>& grads) {
             at::Tensor dx = empty_like_type(x, x.sizes());
             at::Tensor dweight = empty_f32(weight.sizes());
             kernels::rmsnorm_backward({.rows = x.size(0),
                                        .columns = x.size(1),
                                        .x = x.const_data_ptr(),
                                        .x_stride = x.stride(0),
                                        .weight = weight.const_data_ptr(),
                                        .dy = grads[0].const_data_ptr(),
                                        .inverse_rms = inverse.const_data_ptr<float>(),
                                        .dx = dx.mutable_data_ptr(),
                                        .dweight = dweight.mutable_data_ptr<float>(),
                                        .dtype = kernel_dtype(x)});
             return std::vector<at::Tensor>{dx, dweight.to(weight.scalar_type())};
           });
  }
  return y;
}

}  // namespace r1::tensor
