// Linear layer and its three products (linear.h).
#include "r1/tensor/ops/linear.h"

#include "r1/core/error.h"
#include "r1/kernels/gemm.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

void product(const at::Tensor& a, const float* packed, const at::Tensor& c) {
  kernels::gemm({.m = a.size(0),
                 .n = c.size(1),
                 .k = a.size(1),
                 .a = a.const_data_ptr(),
                 .a_dtype = kernel_dtype(a),
                 .stride_m = a.stride(0),
                 .stride_k = 1,
                 .packed_b = packed,
                 .c = c.mutable_data_ptr(),
                 .c_dtype = kernel_dtype(c),
                 .ldc = c.stride(0)});
}

}  // namespace

void linear_forward(const at::Tensor& x, const float* packed_forward, const at::Tensor& y) {
  product(x, packed_forward, y);
}
void linear_backward_input(const at::Tensor& dy, const float* packed_backward, const at::Tensor& dx) {
  product(dy, packed_backward, dx);
}

void linear_backward_weight(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& dw, bool accumulate) {
  const at::Tensor packed = pack_rows(x);
  kernels::gemm({.m = dy.size(1),
                 .n = x.size(1),
                 .k = dy.size(0),
                 .a = dy.const_data_ptr(),
                 .a_dtype = kernel_dtype(dy),
                 .stride_m = 1,
                 .stride_k = dy.stride(0),
                 .packed_b = packed.const_data_ptr<float>(),
                 .c = dw.mutable_data_ptr(),
                 .c_dtype = kernels::DType::F32,
                 .ldc = dw.stride(0),
                 .accumulate = accumulate});
}

at::Tensor linear(const at::Tensor& x, const LinearWeight& weight, bool f32_out) {
  const OpRange range("linear");
  const at::Tensor& w = weight.weight;
  R1_CHECK(x.dim() == 2 && x.size(1) == w.size(1) && x.stride(1) == 1, "linear: x {}x{} does not fit a weight {}x{}",
           x.size(0), x.dim() == 2 ? x.size(1) : 0, w.size(0), w.size(1));
  if (reference::takes(x)) return reference::linear(x, w);
  if (x.is_cuda()) return f32_out ? on_device::linear_f32(x, w) : on_device::linears(x, {w}).front();
  at::Tensor y = f32_out ? empty_f32({x.size(0), w.size(0)}) : empty_like_type(x, {x.size(0), w.size(0)});
  linear_forward(x, weight.packed->forward(w), y);
  if (needs_grad({x, w})) {
    record("linear", {y}, {x, w},
           [x = x.detach(), w = w.detach(), packed = weight.packed](const std::vector<at::Tensor>& grads) {
             const at::Tensor& dy = grads[0];
             at::Tensor dx = empty_like_type(x, x.sizes());
             linear_backward_input(dy, packed->backward(w), dx);
             at::Tensor dw = empty_f32(w.sizes());
             linear_backward_weight(dy, x, dw, false);
             return std::vector<at::Tensor>{dx, dw.to(w.scalar_type())};
           });
  }
  return y;
}

std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<const LinearWeight*>& weights) {
  std::vector<at::Tensor> out;
  if (!x.is_cuda() || reference::takes(x)) {
    for (const LinearWeight* w : weights) out.push_back(linear(x, *w));
    return out;
  }
  for (const LinearWeight* w : weights) out.push_back(w->weight);
  return on_device::linears(x, out);
}

}  // namespace r1::tensor
