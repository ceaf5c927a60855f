// Routed experts on a GPU (on_device.h): token rows sorted by expert, two grouped products over them, a token's experts
// summed in slot order. Nothing is read back to the host. Other types and odd sizes take the plain composition.
#include <ATen/ops/_grouped_mm.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/sort.h>

#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"

namespace r1::tensor::on_device {

namespace {

struct Forward {
  at::Tensor order;  // [T * K] int64: row r is slot order[r] (token * K + slot)
  at::Tensor source;  // [T * K] int64: row r is token source[r]
  at::Tensor place;  // [T * K] int64: the row of a slot
  at::Tensor ends;  // [E] int32: expert e owns rows [ends[e - 1], ends[e])
  at::Tensor rows, gate_up_rows, hidden, y, weights;
  at::Tensor gate_up, down;
  bool trained = true;  // the experts' own gradients are wanted
};

void sort_rows(Forward& f, const at::Tensor& experts, std::int64_t num_experts) {
  const at::Tensor flat = experts.flatten();
  const auto [sorted, order] = at::sort(flat, true, 0, false);
  f.order = order;
  f.source = order.div(experts.size(1), "floor");
  f.place = at::empty_like(order).scatter_(0, order, at::arange(order.size(0), order.options()));
  f.ends = at::searchsorted(sorted, at::arange(num_experts, flat.options()), true, true);
}

at::Tensor grouped(const at::Tensor& a, const at::Tensor& b, const at::Tensor& ends) {
  return at::_grouped_mm(a, b, ends);
}

char* second_half(const at::Tensor& fused) {
  return static_cast<char*>(fused.mutable_data_ptr()) +
         fused.size(1) / 2 * static_cast<std::int64_t>(fused.element_size());
}

void activate(Forward& f) {
  const std::int64_t inner = f.gate_up_rows.size(1) / 2;
  f.hidden = empty_like_type(f.rows, {f.rows.size(0), inner});
  kernels_on(f.rows).swiglu({.rows = f.rows.size(0),
                             .columns = inner,
                             .gate = f.gate_up_rows.const_data_ptr(),
                             .up = second_half(f.gate_up_rows),
                             .stride = 2 * inner,
                             .y = f.hidden.mutable_data_ptr(),
                             .dtype = kernel_dtype(f.rows)});
}

std::vector<at::Tensor> backward(const Forward& f, const at::Tensor& dout) {
  const std::int64_t tokens = dout.size(0), top_k = f.weights.size(1), width = dout.size(1), inner = f.hidden.size(1);
  const at::ScalarType type = dout.scalar_type();
  const at::Tensor slot_weights = f.weights.flatten().index_select(0, f.order).unsqueeze(1);
  const at::Tensor dy = (dout.index_select(0, f.source) * slot_weights).to(type);
  const at::Tensor dweights =
      (f.y.index_select(0, f.place).view({tokens, top_k, width}).to(at::kFloat) * dout.unsqueeze(1)).sum(2);
  at::Tensor dgate_up, ddown;
  if (f.trained) ddown = grouped(dy.t(), f.hidden, f.ends);
  const at::Tensor dhidden = grouped(dy, f.down, f.ends);
  const at::Tensor dfused = empty_like_type(dy, f.gate_up_rows.sizes());
  kernels_on(dout).swiglu_backward({.rows = dfused.size(0),
                                    .columns = inner,
                                    .gate = f.gate_up_rows.const_data_ptr(),
                                    .up = second_half(f.gate_up_rows),
                                    .stride = 2 * inner,
                                    .dy = dhidden.const_data_ptr(),
                                    .dgate = dfused.mutable_data_ptr(),
                                    .dup = second_half(dfused),
                                    .dstride = 2 * inner,
                                    .dtype = kernel_dtype(dy)});
  if (f.trained) dgate_up = grouped(dfused.t(), f.rows, f.ends);
  const at::Tensor drows = grouped(dfused, f.gate_up, f.ends);
  const at::Tensor dx = drows.index_select(0, f.place).view({tokens, top_k, width}).sum(1, false, at::kFloat).to(type);
  return {dx, dweights, dgate_up, ddown};
}

bool takes_grouped(const at::Tensor& x, const at::Tensor& down) {
  return x.scalar_type() == at::kBFloat16 && x.size(1) % 8 == 0 && down.size(2) % 8 == 0 && x.size(0) > 0;
}

}  // namespace

at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const at::Tensor& gate_up, const at::Tensor& down) {
  if (!takes_grouped(x, down))
    return reference::moe_experts(x.to(at::kFloat), routing, gate_up.to(at::kFloat), down.to(at::kFloat))
        .to(x.scalar_type());
  Forward f;
  at::Tensor out;
  {
    const at::NoGradGuard no_grad;
    f.trained = gate_up.requires_grad() || down.requires_grad();
    f.gate_up = gate_up.detach();
    f.down = down.detach();
    f.weights = routing.weights.detach();
    sort_rows(f, routing.experts, gate_up.size(0));
    f.rows = x.detach().index_select(0, f.source);
    f.gate_up_rows = grouped(f.rows, f.gate_up.transpose(1, 2), f.ends);
    activate(f);
    f.y = grouped(f.hidden, f.down.transpose(1, 2), f.ends);
    const at::Tensor by_slot = f.y.index_select(0, f.place).view({x.size(0), f.weights.size(1), x.size(1)});
    out = (by_slot * f.weights.unsqueeze(2)).sum(1).to(x.scalar_type());
  }
  if (needs_grad({x, routing.weights, gate_up, down}))
    record("moe_experts", {out}, {x, routing.weights, gate_up, down},
           [f](const std::vector<at::Tensor>& grads) { return backward(f, grads[0]); });
  return out;
}

}  // namespace r1::tensor::on_device
