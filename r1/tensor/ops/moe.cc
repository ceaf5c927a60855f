// Routing and routed experts as ops of the graph (moe.h).
#include "r1/tensor/ops/moe.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/kernels/parallel.h"
#include "r1/kernels/swiglu.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

/// Tokens in expert order: row r of the permuted activations is token source[r]; expert e owns rows [offset[e],
/// offset[e + 1]).
struct Plan {
  std::vector<std::int32_t> source;    // [T * K]
  std::vector<std::int32_t> place;     // [T, K]: the row of a token's slot
  std::vector<std::int64_t> offset;    // [E + 1]
};

Plan make_plan(const Routing& routing, std::int64_t experts) {
  const std::int64_t tokens = routing.experts.size(0), top_k = routing.experts.size(1);
  const std::int32_t* chosen = routing.experts.const_data_ptr<std::int32_t>();
  Plan plan{std::vector<std::int32_t>(static_cast<std::size_t>(tokens * top_k)),
            {},
            std::vector<std::int64_t>(static_cast<std::size_t>(experts) + 1, 0)};
  plan.place = plan.source;
  for (std::int64_t i = 0; i < tokens * top_k; ++i) ++plan.offset[static_cast<std::size_t>(chosen[i]) + 1];
  for (std::size_t e = 1; e < plan.offset.size(); ++e) plan.offset[e] += plan.offset[e - 1];
  std::vector<std::int64_t> next(plan.offset.begin(), plan.offset.end() - 1);
  for (std::int64_t i = 0; i < tokens * top_k; ++i) {
    const std::int64_t row = next[static_cast<std::size_t>(chosen[i])]++;
    plan.source[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(i / top_k);
    plan.place[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(row);
  }
  return plan;
}

/// What the backward pass needs of the forward pass.
struct Forward {
  Plan plan;
  at::Tensor x;        // [T, D]
  at::Tensor rows;     // [T * K, D]
  at::Tensor gate_up_rows;  // [T * K, 2I]
  at::Tensor hidden;   // [T * K, I]
  at::Tensor y;        // [T * K, D]
  at::Tensor weights;  // [T, K]
  LinearWeight gate_up, down;
  bool trained = true;  // the experts' own gradients are wanted
};

void expert_forward(const Forward& f, std::int64_t e) {
  const std::int64_t begin = f.plan.offset[static_cast<std::size_t>(e)];
  const std::int64_t count = f.plan.offset[static_cast<std::size_t>(e) + 1] - begin;
  if (count == 0) return;
  const std::int64_t inner = f.hidden.size(1);
  const at::Tensor fused = f.gate_up_rows.narrow(0, begin, count);
  linear_forward(f.rows.narrow(0, begin, count), f.gate_up.packed->forward(f.gate_up.weight, e), fused);
  const char* gate = static_cast<const char*>(fused.const_data_ptr());
  const at::Tensor hidden = f.hidden.narrow(0, begin, count);
  kernels::swiglu({.rows = count,
                   .columns = inner,
                   .gate = gate,
                   .up = gate + inner * static_cast<std::int64_t>(fused.element_size()),
                   .stride = 2 * inner,
                   .y = hidden.mutable_data_ptr(),
                   .dtype = kernel_dtype(fused)});
  linear_forward(hidden, f.down.packed->forward(f.down.weight, e), f.y.narrow(0, begin, count));
}

void gather(const Plan& plan, const at::Tensor& x, const at::Tensor& rows) {
  kernels::gather_rows({.rows = rows.size(0),
                        .columns = x.size(1),
                        .x = x.const_data_ptr(),
                        .source = plan.source.data(),
                        .y = rows.mutable_data_ptr(),
                        .dtype = kernel_dtype(x)});
}

void combine(const Plan& plan, const at::Tensor& y, const float* weights, const at::Tensor& out) {
  kernels::combine({.tokens = out.size(0),
                    .top_k = y.size(0) / std::max<std::int64_t>(1, out.size(0)),
                    .columns = out.size(1),
                    .y = y.const_data_ptr(),
                    .place = plan.place.data(),
                    .weights = weights,
                    .out = out.mutable_data_ptr(),
                    .dtype = kernel_dtype(out)});
}

struct Gradients {
  at::Tensor dy;        // [T * K, D]
  at::Tensor drows;     // [T * K, D]
  at::Tensor dgate_up;  // [E, 2I, D] float32; undefined, as ddown, when the experts are frozen
  at::Tensor ddown;     // [E, D, I] float32
};

void expert_backward(const Forward& f, const Gradients& g, std::int64_t e) {
  const std::int64_t begin = f.plan.offset[static_cast<std::size_t>(e)];
  const std::int64_t count = f.plan.offset[static_cast<std::size_t>(e) + 1] - begin;
  if (count == 0) return;
  const std::int64_t inner = f.hidden.size(1);
  const at::Tensor dy = g.dy.narrow(0, begin, count);
  if (f.trained) linear_backward_weight(dy, f.hidden.narrow(0, begin, count), g.ddown.select(0, e), false);
  const at::Tensor dhidden = empty_like_type(dy, {count, inner});
  linear_backward_input(dy, f.down.packed->backward(f.down.weight, e), dhidden);
  const at::Tensor fused = f.gate_up_rows.narrow(0, begin, count);
  const at::Tensor dfused = empty_like_type(dy, {count, 2 * inner});
  const std::int64_t half = inner * static_cast<std::int64_t>(dy.element_size());
  kernels::swiglu_backward({.rows = count,
                            .columns = inner,
                            .gate = fused.const_data_ptr(),
                            .up = static_cast<const char*>(fused.const_data_ptr()) + half,
                            .stride = 2 * inner,
                            .dy = dhidden.const_data_ptr(),
                            .dgate = dfused.mutable_data_ptr(),
                            .dup = static_cast<char*>(dfused.mutable_data_ptr()) + half,
                            .dstride = 2 * inner,
                            .dtype = kernel_dtype(dy)});
  if (f.trained) linear_backward_weight(dfused, f.rows.narrow(0, begin, count), g.dgate_up.select(0, e), false);
  linear_backward_input(dfused, f.gate_up.packed->backward(f.gate_up.weight, e), g.drows.narrow(0, begin, count));
}

std::vector<at::Tensor> backward(const Forward& f, const at::Tensor& dout) {
  const at::TensorOptions f32 = at::TensorOptions().dtype(at::kFloat);
  Gradients g{empty_like_type(f.y, f.y.sizes()), empty_like_type(f.rows, f.rows.sizes()), {}, {}};
  if (f.trained) {
    g.dgate_up = at::zeros(f.gate_up.weight.sizes(), f32);
    g.ddown = at::zeros(f.down.weight.sizes(), f32);
  }
  at::Tensor dweights = empty_f32(f.weights.sizes());
  kernels::combine_backward({.tokens = f.x.size(0),
                             .top_k = f.weights.size(1),
                             .columns = f.x.size(1),
                             .y = f.y.const_data_ptr(),
                             .place = f.plan.place.data(),
                             .weights = f.weights.const_data_ptr<float>(),
                             .dout = dout.const_data_ptr(),
                             .dy = g.dy.mutable_data_ptr(),
                             .dweights = dweights.mutable_data_ptr<float>(),
                             .dtype = kernel_dtype(dout)});
  const std::int64_t experts = f.gate_up.weight.size(0);
  f.gate_up.packed->backward(f.gate_up.weight);
  f.down.packed->backward(f.down.weight);
  kernels::parallel_items(experts, [&](std::int64_t e) {
    const at::NoGradGuard no_grad;
    expert_backward(f, g, e);
  });
  at::Tensor dx = empty_like_type(f.x, f.x.sizes());
  combine(f.plan, g.drows, nullptr, dx);
  if (!f.trained) return {dx, dweights, {}, {}};
  return {dx, dweights, g.dgate_up.to(f.gate_up.weight.scalar_type()), g.ddown.to(f.down.weight.scalar_type())};
}

}  // namespace

Routing route(const at::Tensor& logits, const at::Tensor& bias, const kernels::RouteConfig& config) {
  const OpRange range("route");
  if (reference::takes(logits) || logits.is_cuda()) return reference::route(logits, bias, config);
  const std::int64_t tokens = logits.size(0);
  Routing r{empty_f32({tokens, config.experts}), at::empty({tokens, config.top_k}, at::TensorOptions().dtype(at::kInt)),
            empty_f32({tokens, config.top_k})};
  kernels::route({.config = config,
                  .tokens = tokens,
                  .logits = logits.const_data_ptr<float>(),
                  .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                  .scores = r.scores.mutable_data_ptr<float>(),
                  .experts = r.experts.mutable_data_ptr<std::int32_t>(),
                  .weights = r.weights.mutable_data_ptr<float>()});
  if (needs_grad({logits})) {
    record("route", {r.scores, r.weights}, {logits},
           [scores = r.scores.detach(), experts = r.experts, config](const std::vector<at::Tensor>& grads) {
             const at::Tensor dweights = grads[1].defined() ? grads[1] : at::zeros(experts.sizes(), scores.options());
             at::Tensor dlogits = empty_f32(scores.sizes());
             kernels::route_backward({.config = config,
                                      .tokens = scores.size(0),
                                      .scores = scores.const_data_ptr<float>(),
                                      .experts = experts.const_data_ptr<std::int32_t>(),
                                      .dweights = dweights.const_data_ptr<float>(),
                                      .dscores = grads[0].defined() ? grads[0].const_data_ptr<float>() : nullptr,
                                      .dlogits = dlogits.mutable_data_ptr<float>()});
             return std::vector<at::Tensor>{dlogits};
           });
  }
  return r;
}

at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const LinearWeight& gate_up,
                       const LinearWeight& down) {
  const OpRange range("moe_experts");
  R1_CHECK(x.is_contiguous() && gate_up.weight.size(2) == x.size(1), "moe_experts: rows of {} for experts of {}",
           x.size(1), gate_up.weight.size(2));
  if (reference::takes(x)) return reference::moe_experts(x, routing, gate_up.weight, down.weight);
  if (x.is_cuda()) return on_device::moe_experts(x, routing, gate_up.weight, down.weight);
  const std::int64_t experts = gate_up.weight.size(0), inner = down.weight.size(2);
  Forward f{make_plan(routing, experts), x.detach(), {}, {}, {}, {}, routing.weights.detach(), gate_up, down};
  const std::int64_t rows = x.size(0) * routing.experts.size(1);
  f.rows = empty_like_type(x, {rows, x.size(1)});
  f.gate_up_rows = empty_like_type(x, {rows, 2 * inner});
  f.hidden = empty_like_type(x, {rows, inner});
  f.y = empty_like_type(x, {rows, x.size(1)});
  gather(f.plan, f.x, f.rows);
  gate_up.packed->forward(gate_up.weight);
  down.packed->forward(down.weight);
  kernels::parallel_items(experts, [&](std::int64_t e) {
    const at::NoGradGuard no_grad;
    expert_forward(f, e);
  });
  at::Tensor out = empty_like_type(x, x.sizes());
  combine(f.plan, f.y, f.weights.const_data_ptr<float>(), out);
  if (needs_grad({x, routing.weights, gate_up.weight, down.weight})) {
    f.trained = gate_up.weight.requires_grad() || down.weight.requires_grad();
    f.gate_up.weight = gate_up.weight.detach();
    f.down.weight = down.weight.detach();
    record("moe_experts", {out}, {x, routing.weights, gate_up.weight, down.weight},
           [f = std::move(f)](const std::vector<at::Tensor>& grads) { return backward(f, grads[0]); });
  }
  return out;
}

}  // namespace r1::tensor
