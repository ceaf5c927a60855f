// Linear layer and its three products (linear.h).
#include "r1/tensor/ops/linear.h"

#include <ATen/ops/matmul.h>

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

/// x W^T without an adapter.
at::Tensor plain_linear(const at::Tensor& x, const LinearWeight& weight, bool f32_out) {
  const at::Tensor& w = weight.weight;
  if (reference::takes(x)) return reference::linear(x, w);
  if (x.is_cuda()) return f32_out ? on_device::linear_f32(x, w) : on_device::linears(x, {w}).front();
  at::Tensor y = f32_out ? empty_f32({x.size(0), w.size(0)}) : empty_like_type(x, {x.size(0), w.size(0)});
  linear_forward(x, weight.packed->forward(w), y);
  if (needs_grad({x, w})) {
    record("linear", {y}, {x, w},
           [x = x.detach(), w = w.detach(), packed = weight.packed, dx_wanted = x.requires_grad(),
            dw_wanted = w.requires_grad()](const std::vector<at::Tensor>& grads) {
             const at::Tensor& dy = grads[0];
             std::vector<at::Tensor> out(2);
             if (dx_wanted) {
               out[0] = empty_like_type(x, x.sizes());
               linear_backward_input(dy, packed->backward(w), out[0]);
             }
             if (dw_wanted) {
               const at::Tensor dw = empty_f32(w.sizes());
               linear_backward_weight(dy, x, dw, false);
               out[1] = dw.to(w.scalar_type());
             }
             return out;
           });
  }
  return y;
}

/// y plus what the adapter makes of x. The scale goes on the narrow side, by itself: a fused y + s z rounds differently
/// in a tensor's last elements than in the others.
at::Tensor with_adapter(const at::Tensor& y, const at::Tensor& x, const LowRank& adapter) {
  return y + plain_linear(plain_linear(x, adapter.a, false) * adapter.scaling, adapter.b, false);
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
  R1_CHECK(!weight.adapter || !f32_out, "a linear layer with float32 results has no adapter");
  const at::Tensor y = plain_linear(x, weight, f32_out);
  return weight.adapter ? with_adapter(y, x, *weight.adapter) : y;
}

std::vector<at::Tensor> linears(const at::Tensor& x, const std::vector<const LinearWeight*>& weights) {
  std::vector<at::Tensor> out;
  if (!x.is_cuda() || reference::takes(x)) {
    for (const LinearWeight* w : weights) out.push_back(linear(x, *w));
    return out;
  }
  for (const LinearWeight* w : weights) out.push_back(w->weight);
  out = on_device::linears(x, out);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i]->adapter) out[i] = with_adapter(out[i], x, *weights[i]->adapter);
  return out;
}

at::Tensor merged_weight(const at::Tensor& weight, const at::Tensor& a, const at::Tensor& b, double scaling) {
  const at::NoGradGuard no_grad;
  const at::ScalarType type = weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return (weight.to(type) + at::matmul(b.to(type), a.to(type)) * scaling).to(weight.scalar_type());
}

at::Tensor merged_weight(const LinearWeight& weight) {
  if (!weight.adapter) return weight.weight;
  return merged_weight(weight.weight, weight.adapter->a.weight, weight.adapter->b.weight, weight.adapter->scaling);
}

}  // namespace r1::tensor
