// The SwiGLU feed-forward layer on a GPU (on_device.h). Of its three wide activations the two products are kept.
#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/range.h"

namespace r1::tensor::on_device {

namespace {

struct Saved {
  at::Tensor x, gate_up_rows;  // [T, D], [T, 2I]
  at::Tensor gate_up, down;
  bool train_gate_up = true, train_down = true;  // frozen ones need no product
};

std::vector<at::Tensor> backward(const Saved& s, const at::Tensor& dy) {
  std::vector<at::Tensor> out(4);
  at::Tensor hidden;
  const at::Tensor drows = empty_like_type(dy, s.gate_up_rows.sizes());
  {
    const at::Tensor dhidden = input_product(dy, s.down);
    hidden = empty_like_type(dhidden, dhidden.sizes());
    const std::int64_t inner = hidden.size(1);
    kernels_on(dy).swiglu_backward({.rows = dy.size(0),
                                    .columns = inner,
                                    .gate = s.gate_up_rows.const_data_ptr(),
                                    .up = second_half(s.gate_up_rows),
                                    .stride = 2 * inner,
                                    .dy = dhidden.const_data_ptr(),
                                    .dgate = drows.mutable_data_ptr(),
                                    .dup = second_half(drows),
                                    .dstride = 2 * inner,
                                    .y = hidden.mutable_data_ptr(),
                                    .dtype = kernel_dtype(dy)});
  }
  if (s.train_down) out[3] = weight_product(dy, hidden);
  hidden.reset();
  out[0] = input_product(drows, s.gate_up);
  if (!s.train_gate_up) return out;
  const at::Tensor dgate_up = weight_product(drows, s.x);
  const std::int64_t inner = dgate_up.size(0) / 2;
  out[1] = dgate_up.narrow(0, 0, inner);
  out[2] = dgate_up.narrow(0, inner, inner);
  return out;
}

}  // namespace

char* second_half(const at::Tensor& fused) {
  return static_cast<char*>(fused.mutable_data_ptr()) +
         fused.size(1) / 2 * static_cast<std::int64_t>(fused.element_size());
}

at::Tensor activated(const at::Tensor& gate_up_rows) {
  const std::int64_t inner = gate_up_rows.size(1) / 2;
  at::Tensor hidden = empty_like_type(gate_up_rows, {gate_up_rows.size(0), inner});
  kernels_on(hidden).swiglu({.rows = hidden.size(0),
                             .columns = inner,
                             .gate = gate_up_rows.const_data_ptr(),
                             .up = second_half(gate_up_rows),
                             .stride = 2 * inner,
                             .y = hidden.mutable_data_ptr(),
                             .dtype = kernel_dtype(hidden)});
  return hidden;
}

at::Tensor swiglu_mlp(const at::Tensor& x, const MlpWeights& w) {
  const OpRange range("swiglu_mlp");
  Saved s{.x = x.detach(),
          .gate_up_rows = product(x, w.gate_up),
          .gate_up = w.gate_up,
          .down = w.down.detach(),
          .train_gate_up = w.gate.requires_grad() || w.up.requires_grad(),
          .train_down = w.down.requires_grad()};
  at::Tensor y = product(activated(s.gate_up_rows), w.down);
  if (needs_grad({x, w.gate, w.up, w.down}))
    record("swiglu_mlp", {y}, {x, w.gate, w.up, w.down},
           [s = std::move(s)](const std::vector<at::Tensor>& grads) { return backward(s, grads[0]); });
  return y;
}

}  // namespace r1::tensor::on_device
