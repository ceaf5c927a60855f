// Attention on a GPU (on_device.h). Packed bf16 training rows in `fast` numerics: libtorch's flash attention over
// documents. Everything else, and every forward in `exact`: our kernel, whose bits a query's own keys decide.
#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/_scaled_dot_product_cudnn_attention.h>
#include <ATen/ops/_scaled_dot_product_cudnn_attention_backward.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/matmul.h>

#include <limits>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"

namespace r1::tensor::on_device {

namespace {

constexpr std::int64_t kFlashHead = 256;

/// Heads widened to `width` with zeros: flash attention wants keys and values of one size, a multiple of 8.
at::Tensor widened(const at::Tensor& x, std::int64_t width) {
  return x.size(2) == width ? x : at::constant_pad_nd(x, {0, width - x.size(2)});
}

struct Saved {
  at::Tensor q{}, k{}, v{}, out{}, lse{};  // lse [T, H]
  KeyRanges ranges;
  double scale = 1.0;
  at::Tensor cudnn_lse{};  // [documents, H, length, 1]: the lse as cuDNN has it
};

/// Documents of one length as cuDNN has them: [T, H, d] -> a view [documents, H, length, d].
at::Tensor by_document(const at::Tensor& x, const KeyRanges& ranges) {
  return x.view({-1, ranges.longest, x.size(1), x.size(2)}).transpose(1, 2);
}
at::Tensor flat(const at::Tensor& x) { return x.transpose(1, 2).flatten(0, 1).contiguous(); }

/// cuDNN beats flash where all documents have one length; it makes a plan for every shape, so not elsewhere.
bool takes_cudnn(const at::Tensor& q, const at::Tensor& v, const KeyRanges& ranges) {
  return ranges.longest >= 128 && (ranges.starts.size(0) - 1) * ranges.longest == q.size(0) && q.size(2) == v.size(2) &&
         q.size(2) % 8 == 0 && q.size(2) <= 128;
}

std::int64_t flash_width(const at::Tensor& q, const at::Tensor& v) {
  return (std::max(q.size(2), v.size(2)) + 7) / 8 * 8;
}

bool takes_flash(const at::Tensor& q, const at::Tensor& v, const KeyRanges& ranges) {
  return ranges.starts.defined() && q.scalar_type() == at::kBFloat16 && flash_width(q, v) <= kFlashHead;
}

void cudnn_forward(Saved& s) {
  const auto result =
      at::_scaled_dot_product_cudnn_attention(by_document(s.q, s.ranges), by_document(s.k, s.ranges),
                                              by_document(s.v, s.ranges), {}, true, 0.0, true, false, s.scale);
  s.out = flat(std::get<0>(result));
  s.cudnn_lse = std::get<1>(result);
}

std::vector<at::Tensor> cudnn_backward(const Saved& s, const at::Tensor& dout) {
  const at::Tensor no_random = at::empty({}, s.q.options().dtype(at::kLong));
  const auto [dq, dk, dv] = at::_scaled_dot_product_cudnn_attention_backward(
      by_document(dout, s.ranges), by_document(s.q, s.ranges), by_document(s.k, s.ranges), by_document(s.v, s.ranges),
      by_document(s.out, s.ranges), s.cudnn_lse, no_random, no_random, {}, {}, {}, s.ranges.longest, s.ranges.longest,
      0.0, true, s.scale);
  return {flat(dq), flat(dk), flat(dv)};
}

std::vector<at::Tensor> flash_backward(const Saved& s, const at::Tensor& dout) {
  const std::int64_t width = flash_width(s.q, s.v);
  const at::Tensor no_random = at::empty({2}, s.q.options().dtype(at::kUInt64));
  const auto [dq, dk, dv] = at::_flash_attention_backward(
      widened(dout, width), widened(s.q, width), widened(s.k, width), widened(s.v, width), widened(s.out, width),
      s.lse.t().contiguous(), s.ranges.starts, s.ranges.starts, s.ranges.longest, s.ranges.longest, 0.0, true,
      no_random, at::empty({0}, s.q.options()), s.scale);
  return {dq.narrow(2, 0, s.q.size(2)), dk.narrow(2, 0, s.k.size(2)), dv.narrow(2, 0, s.v.size(2))};
}

/// The gradients in float32 over the whole matrix of scores: small shapes, for tests.
std::vector<at::Tensor> dense_backward(const Saved& s, const at::Tensor& dout) {
  const std::int64_t group = s.q.size(1) / s.k.size(1);
  const auto heads_first = [](const at::Tensor& x) { return x.to(at::kFloat).transpose(0, 1); };  // [H, T, d]
  const at::Tensor q = heads_first(s.q), d = heads_first(dout);
  const at::Tensor k = heads_first(s.k.repeat_interleave(group, 1)), v = heads_first(s.v.repeat_interleave(group, 1));
  const at::Tensor rows = at::arange(s.k.size(0), s.ranges.begin.options());
  const at::Tensor hidden =
      rows.lt(s.ranges.begin.unsqueeze(1)).logical_or(rows.ge(s.ranges.end.unsqueeze(1)));  // [T, rows]
  const at::Tensor scores = (at::matmul(q, k.transpose(1, 2)) * s.scale).masked_fill(hidden, -INFINITY);
  const at::Tensor p = at::exp(scores - s.lse.t().unsqueeze(2));  // [H, T, rows]
  const at::Tensor dp = at::matmul(d, v.transpose(1, 2));
  const at::Tensor ds = p * (dp - (p * dp).sum(2, true)) * s.scale;
  const auto grouped = [&](const at::Tensor& x, const at::Tensor& like) {  // [H, rows, d] -> like
    return x.unflatten(0, {like.size(1), group}).sum(1).transpose(0, 1).contiguous().to(like.scalar_type());
  };
  return {at::matmul(ds, k).transpose(0, 1).contiguous().to(s.q.scalar_type()),
          grouped(at::matmul(ds.transpose(1, 2), q), s.k), grouped(at::matmul(p.transpose(1, 2), d), s.v)};
}

void flash_forward(Saved& s) {
  const std::int64_t width = flash_width(s.q, s.v);
  const auto result = at::_flash_attention_forward(widened(s.q, width), widened(s.k, width), widened(s.v, width),
                                                   s.ranges.starts, s.ranges.starts, s.ranges.longest, s.ranges.longest,
                                                   0.0, true, false, std::optional<double>(s.scale));
  s.out = std::get<0>(result).narrow(2, 0, s.v.size(2)).contiguous();
  s.lse = std::get<1>(result).t();
}

void own_forward(Saved& s) {
  const at::Tensor &q = s.q, &k = s.k, &v = s.v;
  s.out = empty_like_type(q, {q.size(0), q.size(1), v.size(2)});
  s.lse = empty_f32_on(q, {q.size(0), q.size(1)});
  kernels_on(q).attention({.tokens = q.size(0),
                           .heads = q.size(1),
                           .kv_heads = k.size(1),
                           .dk = q.size(2),
                           .dv = v.size(2),
                           .q = q.const_data_ptr(),
                           .k = k.const_data_ptr(),
                           .k_row = k.stride(0),
                           .k_head = k.stride(1),
                           .v = v.const_data_ptr(),
                           .v_row = v.stride(0),
                           .v_head = v.stride(1),
                           .key_begin = s.ranges.begin.const_data_ptr<std::int64_t>(),
                           .key_end = s.ranges.end.const_data_ptr<std::int64_t>(),
                           .scale = static_cast<float>(s.scale),
                           .out = s.out.mutable_data_ptr(),
                           .lse = s.lse.mutable_data_ptr<float>(),
                           .dtype = kernel_dtype(q)});
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale) {
  Saved s{.q = q.detach(), .k = k.detach(), .v = v.detach(), .ranges = ranges, .scale = scale};
  {
    const at::NoGradGuard no_grad;
    if (!ranges.exact && takes_flash(q, v, ranges))
      takes_cudnn(q, v, ranges) ? cudnn_forward(s) : flash_forward(s);
    else
      own_forward(s);
  }
  at::Tensor out = s.out;
  if (needs_grad({q, k, v})) {
    R1_CHECK(k.size(0) == q.size(0), "attention: gradients need packed rows");
    s.out = out.detach();
    if (!s.cudnn_lse.defined() && takes_flash(q, v, ranges) && takes_cudnn(q, v, ranges))
      s.cudnn_lse = s.lse.view({-1, ranges.longest, q.size(1)}).transpose(1, 2).unsqueeze(3).contiguous();
    record("attention", {out}, {q, k, v}, [s](const std::vector<at::Tensor>& grads) {
      if (s.cudnn_lse.defined()) return cudnn_backward(s, grads[0]);
      return takes_flash(s.q, s.v, s.ranges) ? flash_backward(s, grads[0]) : dense_backward(s, grads[0]);
    });
  }
  return out;
}

}  // namespace r1::tensor::on_device
