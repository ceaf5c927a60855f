// RMSNorm as an op of the graph (rmsnorm.h).
#include "r1/tensor/ops/rmsnorm.h"

#include "r1/core/error.h"
#include "r1/kernels/rmsnorm.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

struct Normed {
  at::Tensor x, weight, inverse;  // inverse [rows]: 1 / RMS
};
struct DeviceGradients {
  at::Tensor dx, dweight;
};

/// On a GPU; `dsum`, if defined, is added to dx.
DeviceGradients device_backward(const Normed& n, const at::Tensor& dy, const at::Tensor& dsum) {
  DeviceGradients out{empty_like_type(n.x, n.x.sizes()), empty_like_type(n.weight, n.weight.sizes())};
  kernels_on(n.x).add_rmsnorm_backward({.base = {.rows = n.x.size(0),
                                                 .columns = n.x.size(1),
                                                 .x = n.x.const_data_ptr(),
                                                 .x_stride = n.x.stride(0),
                                                 .weight = n.weight.const_data_ptr(),
                                                 .dy = dy.const_data_ptr(),
                                                 .inverse_rms = n.inverse.const_data_ptr<float>(),
                                                 .dx = out.dx.mutable_data_ptr(),
                                                 .dtype = kernel_dtype(n.x)},
                                        .dsum = dsum.defined() ? dsum.const_data_ptr() : nullptr,
                                        .dweight = out.dweight.mutable_data_ptr()});
  return out;
}

}  // namespace

at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const OpRange range("rmsnorm");
  R1_CHECK(x.dim() == 2 && x.stride(1) == 1 && x.size(1) == weight.size(0), "rmsnorm: rows of {} for a weight of {}",
           x.size(-1), weight.size(0));
  if (reference::takes(x)) return reference::rmsnorm(x, weight, eps);
  const std::int64_t rows = x.size(0), columns = x.size(1);
  at::Tensor y = empty_like_type(x, {rows, columns});
  const bool grad = needs_grad({x, weight});
  at::Tensor inverse = grad ? empty_f32_on(x, {rows}) : at::Tensor();
  kernels_on(x).rmsnorm({.rows = rows,
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
             if (x.is_cuda()) {
               const DeviceGradients g = device_backward({x, weight, inverse}, grads[0], {});
               return std::vector<at::Tensor>{g.dx, g.dweight};
             }
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

SumAndNorm add_rmsnorm(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& weight, double eps) {
  const OpRange range("add_rmsnorm");
  if (!x.is_cuda() || reference::takes(x)) {
    const at::Tensor sum = x + delta;
    return {sum, rmsnorm(sum, weight, eps)};
  }
  R1_CHECK(x.is_contiguous() && delta.is_contiguous() && x.sizes() == delta.sizes() && x.size(1) == weight.size(0),
           "add_rmsnorm: layout");
  const bool grad = needs_grad({x, delta, weight});
  at::Tensor inverse = grad ? empty_f32_on(x, {x.size(0)}) : at::Tensor();
  SumAndNorm out{empty_like_type(x, x.sizes()), empty_like_type(x, x.sizes())};
  kernels_on(x).add_rmsnorm({.norm = {.rows = x.size(0),
                                      .columns = x.size(1),
                                      .x = x.const_data_ptr(),
                                      .x_stride = x.size(1),
                                      .weight = weight.const_data_ptr(),
                                      .y = out.normed.mutable_data_ptr(),
                                      .inverse_rms = grad ? inverse.mutable_data_ptr<float>() : nullptr,
                                      .eps = static_cast<float>(eps),
                                      .dtype = kernel_dtype(x)},
                             .delta = delta.const_data_ptr(),
                             .sum = out.sum.mutable_data_ptr()});
  if (grad)
    record("add_rmsnorm", {out.sum, out.normed}, {x, delta, weight},
           [sum = out.sum.detach(), weight = weight.detach(), inverse](const std::vector<at::Tensor>& grads) {
             if (!grads[1].defined()) return std::vector<at::Tensor>{grads[0], grads[0], {}};
             const DeviceGradients g = device_backward({sum, weight, inverse}, grads[1], grads[0]);
             return std::vector<at::Tensor>{g.dx, g.dx, g.dweight};
           });
  return out;
}

}  // namespace r1::tensor
