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
  at::Tensor x, gate_up_rows, weights;
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

/// Through the activation, where the slots' weights are: all rows of a slot are K times those of a token, so only the
/// products' results are kept, and the weights' gradient is taken before the down product, not after it.
struct SlotGradients {
  at::Tensor dgate_up_rows;  // [T * K, 2I]
  at::Tensor weighted;  // [T * K, I]: weight * hidden
  at::Tensor dweights;  // [T * K]
};
SlotGradients slot_gradients(const Forward& f, const at::Tensor& dhidden) {
  const std::int64_t inner = dhidden.size(1);
  const at::Tensor slot_weights = f.weights.flatten().index_select(0, f.order);
  SlotGradients out{empty_like_type(dhidden, f.gate_up_rows.sizes()), empty_like_type(dhidden, dhidden.sizes()),
                    empty_f32_on(dhidden, {dhidden.size(0)})};
  kernels_on(dhidden).slot_swiglu_backward({.base = {.rows = dhidden.size(0),
                                                     .columns = inner,
                                                     .gate = f.gate_up_rows.const_data_ptr(),
                                                     .up = second_half(f.gate_up_rows),
                                                     .stride = 2 * inner,
                                                     .dy = dhidden.const_data_ptr(),
                                                     .dgate = out.dgate_up_rows.mutable_data_ptr(),
                                                     .dup = second_half(out.dgate_up_rows),
                                                     .dstride = 2 * inner,
                                                     .y = out.weighted.mutable_data_ptr(),
                                                     .dtype = kernel_dtype(dhidden)},
                                            .weights = slot_weights.const_data_ptr<float>(),
                                            .dweights = out.dweights.mutable_data_ptr<float>()});
  return out;
}

std::vector<at::Tensor> backward(const Forward& f, const at::Tensor& dout) {
  const std::int64_t tokens = dout.size(0), top_k = f.weights.size(1), width = dout.size(1);
  at::Tensor rows = dout.index_select(0, f.source);
  const SlotGradients g = slot_gradients(f, grouped(rows, f.down, f.ends));
  at::Tensor dgate_up, ddown;
  if (f.trained) {
    ddown = grouped(rows.t(), g.weighted, f.ends);
    rows = f.x.index_select(0, f.source);
    dgate_up = grouped(g.dgate_up_rows.t(), rows, f.ends);
  }
  rows = grouped(g.dgate_up_rows, f.gate_up, f.ends);
  const at::Tensor dx =
      rows.index_select(0, f.place).view({tokens, top_k, width}).sum(1, false, at::kFloat).to(dout.scalar_type());
  return {dx, g.dweights.index_select(0, f.place).view({tokens, top_k}), dgate_up, ddown};
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
    f.x = x.detach();
    f.gate_up_rows = grouped(f.x.index_select(0, f.source), f.gate_up.transpose(1, 2), f.ends);
    const at::Tensor y = grouped(activated(f.gate_up_rows), f.down.transpose(1, 2), f.ends);
    const at::Tensor by_slot = y.index_select(0, f.place).view({x.size(0), f.weights.size(1), x.size(1)});
    out = (by_slot * f.weights.unsqueeze(2)).sum(1).to(x.scalar_type());
  }
  if (needs_grad({x, routing.weights, gate_up, down}))
    record("moe_experts", {out}, {x, routing.weights, gate_up, down},
           [f](const std::vector<at::Tensor>& grads) { return backward(f, grads[0]); });
  return out;
}

}  // namespace r1::tensor::on_device
