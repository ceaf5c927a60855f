// Queries, keys and values at once (qkv.h).
#include "r1/tensor/ops/qkv.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/ops/stacked.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

struct Saved {
  at::Tensor x{}, weight{}, bias{};  // stacked; bias may be undefined
  at::Tensor positions{};
  RopeTable table{};
  std::int64_t heads = 0, kv_heads = 0, width = 0;
  bool train_weights = true, train_biases = false;
};

kernels::QkvRopeArgs common_args(const Saved& s) {
  return {.tokens = s.x.size(0),
          .heads = s.heads,
          .kv_heads = s.kv_heads,
          .width = s.width,
          .positions = s.positions.const_data_ptr<std::int32_t>(),
          .cos = s.table.cos.const_data_ptr<float>(),
          .sin = s.table.sin.const_data_ptr<float>(),
          .dtype = kernel_dtype(s.x)};
}

Qkv forward(const Saved& s) {
  const OpRange range("qkv_rope");
  const at::Tensor all = on_device::product(s.x, s.weight);
  const std::int64_t tokens = s.x.size(0);
  Qkv out{empty_like_type(all, {tokens, s.heads, s.width}), empty_like_type(all, {tokens, s.kv_heads, s.width}),
          empty_like_type(all, {tokens, s.kv_heads, s.width})};
  kernels::QkvRopeArgs args = common_args(s);
  args.x = all.const_data_ptr();
  args.bias = s.bias.defined() ? s.bias.const_data_ptr() : nullptr;
  args.q = out.q.mutable_data_ptr();
  args.k = out.k.mutable_data_ptr();
  args.v = out.v.mutable_data_ptr();
  kernels_on(all).qkv_rope(args);
  return out;
}

/// Rows of q, k and v of a stacked gradient.
void split(const Saved& s, const at::Tensor& all, std::vector<at::Tensor>& out) {
  const std::int64_t q = s.heads * s.width, kv = s.kv_heads * s.width;
  for (const auto& [row, rows] : {std::pair{std::int64_t{0}, q}, {q, kv}, {q + kv, kv}})
    out.push_back(all.defined() ? all.narrow(0, row, rows) : at::Tensor());
}

std::vector<at::Tensor> backward(const Saved& s, const std::vector<at::Tensor>& grads) {
  const auto given = [&](std::size_t i, std::int64_t heads) {
    return grads[i].defined() ? grads[i] : at::zeros({s.x.size(0), heads, s.width}, s.x.options());
  };
  const at::Tensor dq = given(0, s.heads), dk = given(1, s.kv_heads), dv = given(2, s.kv_heads);
  const at::Tensor all = empty_like_type(s.x, {s.x.size(0), s.weight.size(0)});
  kernels_on(all).qkv_rope_backward({.base = common_args(s),
                                     .dq = dq.const_data_ptr(),
                                     .dk = dk.const_data_ptr(),
                                     .dv = dv.const_data_ptr(),
                                     .dx = all.mutable_data_ptr()});
  std::vector<at::Tensor> out{on_device::input_product(all, s.weight)};
  split(s, s.train_weights ? on_device::weight_product(all, s.x) : at::Tensor(), out);
  if (s.bias.defined()) split(s, s.train_biases ? all.sum(0) : at::Tensor(), out);
  return out;
}

}  // namespace

std::optional<Qkv> qkv_rope(const at::Tensor& x, const QkvWeights& weights, const at::Tensor& positions,
                            const RopeTable& table) {
  if (!x.is_cuda() || reference::takes(x)) return std::nullopt;
  const auto trained = [](const at::Tensor& t) { return t.requires_grad(); };
  Saved s{.x = x.detach(), .weight = stacked(weights.weights), .positions = positions, .table = table};
  if (!weights.biases.empty()) s.bias = stacked(weights.biases);
  if (!s.weight.defined() || (!weights.biases.empty() && !s.bias.defined())) return std::nullopt;
  s.width = 2 * table.cos.size(1);
  s.heads = weights.weights[0].size(0) / s.width;
  s.kv_heads = weights.weights[1].size(0) / s.width;
  R1_CHECK(s.weight.size(0) == (s.heads + 2 * s.kv_heads) * s.width && x.size(1) == s.weight.size(1),
           "qkv_rope: a weight {}x{} for heads of {}", s.weight.size(0), s.weight.size(1), s.width);
  s.train_weights = std::any_of(weights.weights.begin(), weights.weights.end(), trained);
  s.train_biases = std::any_of(weights.biases.begin(), weights.biases.end(), trained);
  Qkv out = forward(s);
  if (at::GradMode::is_enabled() && (x.requires_grad() || s.train_weights || s.train_biases)) {
    std::vector<at::Tensor> inputs{x};
    inputs.insert(inputs.end(), weights.weights.begin(), weights.weights.end());
    inputs.insert(inputs.end(), weights.biases.begin(), weights.biases.end());
    record("qkv_rope", {out.q, out.k, out.v}, inputs,
           [s = std::move(s)](const std::vector<at::Tensor>& grads) { return backward(s, grads); });
  }
  return out;
}

}  // namespace r1::tensor
