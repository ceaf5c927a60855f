// The ops in float64 (reference.h).
#include "r1/tensor/ops/reference.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <limits>

namespace r1::tensor::reference {

namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// The last `rope` elements of heads [T, H, width] turned pairwise.
at::Tensor turn_pairs(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const at::Tensor pairs = x.unflatten(2, {-1, 2});
  const at::Tensor a = pairs.select(3, 0), b = pairs.select(3, 1);
  return at::stack({a * cos - b * sin, b * cos + a * sin}, 3).flatten(2);
}

/// Experts outside the best groups become -inf.
at::Tensor limit_to_groups(const at::Tensor& choice, const kernels::RouteConfig& c) {
  const at::Tensor grouped = choice.unflatten(1, {c.groups, -1});
  const at::Tensor score = std::get<0>(grouped.topk(std::min(c.group_best, grouped.size(2)), 2)).sum(2);
  const at::Tensor kept = std::get<1>(score.topk(c.top_groups, 1));
  const at::Tensor mask = at::full(score.sizes(), true, score.options().dtype(at::kBool)).scatter(1, kept, false);
  return grouped.masked_fill(mask.unsqueeze(2), kMinusInfinity).flatten(1);
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight) { return at::matmul(x, weight.t()); }

at::Tensor rmsnorm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return x * (x.square().mean(-1, true) + eps).rsqrt() * weight;
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) { return at::silu(gate) * up; }

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale) {
  const std::int64_t group = q.size(1) / k.size(1);
  const at::Tensor keys = k.repeat_interleave(group, 1), values = v.repeat_interleave(group, 1);
  const at::Tensor rows = at::arange(k.size(0), ranges.begin.options());
  const at::Tensor hidden =
      rows.lt(ranges.begin.unsqueeze(1)).logical_or(rows.ge(ranges.end.unsqueeze(1)));  // [T, rows]
  const at::Tensor scores = at::matmul(q.transpose(0, 1), keys.permute({1, 2, 0})) * scale;  // [H, T, rows]
  return at::matmul(at::softmax(scores.masked_fill(hidden, kMinusInfinity), 2), values.transpose(0, 1))
      .transpose(0, 1)
      .contiguous();
}

// NOLINTNEXTLINE(readability-function-size)
MlaHeads mla_rope(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_pe, const at::Tensor& positions,
                  const RopeTable& table, const MlaShape& s) {
  const at::Tensor cos = table.cos.index_select(0, positions).unsqueeze(1);
  const at::Tensor sin = table.sin.index_select(0, positions).unsqueeze(1);
  const at::Tensor q_THD = q.view({-1, s.heads, s.nope + s.rope}), kv_THD = kv.view({-1, s.heads, s.nope + s.v});
  const at::Tensor shared = turn_pairs(k_pe.unsqueeze(1), cos, sin).expand({-1, s.heads, -1});
  return {at::cat({q_THD.narrow(2, 0, s.nope), turn_pairs(q_THD.narrow(2, s.nope, s.rope), cos, sin)}, 2),
          at::cat({kv_THD.narrow(2, 0, s.nope), shared}, 2), kv_THD.narrow(2, s.nope, s.v).contiguous()};
}

Routing route(const at::Tensor& logits, const at::Tensor& bias, const kernels::RouteConfig& c) {
  const bool softmax = c.scoring == kernels::RouteScoring::Softmax;
  const at::Tensor scores = softmax ? at::softmax(logits, 1) : at::sigmoid(logits);
  at::Tensor chosen;
  {
    const at::NoGradGuard no_grad;
    const at::Tensor choice = bias.defined() ? scores + bias.to(at::kDouble) : scores;
    chosen = std::get<1>(limit_to_groups(choice, c).topk(c.top_k, 1));
  }
  at::Tensor weights = scores.gather(1, chosen);
  if (c.normalize) weights = weights / (weights.sum(1, true) + 1e-20);
  return {scores, chosen.to(at::kInt), weights * static_cast<double>(c.scale)};
}

at::Tensor moe_experts(const at::Tensor& x, const Routing& routing, const at::Tensor& gate_up, const at::Tensor& down) {
  at::Tensor out = at::zeros(x.sizes(), x.options().requires_grad(false));
  const std::int64_t inner = down.size(2);
  for (std::int64_t e = 0; e < gate_up.size(0); ++e) {
    const at::Tensor places = routing.experts.eq(e).nonzero();  // [n, 2]: token, slot
    const at::Tensor tokens = places.select(1, 0), slots = places.select(1, 1);
    const at::Tensor both = reference::linear(x.index_select(0, tokens), gate_up.select(0, e));
    const at::Tensor y =
        reference::linear(reference::swiglu(both.narrow(1, 0, inner), both.narrow(1, inner, inner)), down.select(0, e));
    const at::Tensor weights = routing.weights.index_select(0, tokens).gather(1, slots.unsqueeze(1));
    out = out.index_add(0, tokens, y * weights);
  }
  return out;
}

TokenLogprobs lm_head_logprobs(const at::Tensor& h, const at::Tensor& weight, const at::Tensor& targets,
                               double temperature) {
  const at::Tensor logp = at::log_softmax(reference::linear(h, weight) / temperature, 1);
  const at::Tensor chosen = logp.gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1);
  return {chosen * targets.ge(0), -(logp.exp() * logp).sum(1)};
}

}  // namespace r1::tensor::reference
