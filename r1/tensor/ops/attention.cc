// Attention as an op of the graph (attention.h).
#include "r1/tensor/ops/attention.h"

#include <algorithm>
#include <vector>

#include "r1/core/error.h"
#include "r1/kernels/attention.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

std::vector<at::Tensor> gradients(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  const kernels::AttentionBackwardArgs& base) {
  at::Tensor dq = empty_like_type(q, q.sizes()), dk = empty_like_type(k, k.sizes()), dv = empty_like_type(v, v.sizes());
  kernels::AttentionBackwardArgs args = base;
  args.tokens = q.size(0);
  args.heads = q.size(1);
  args.kv_heads = k.size(1);
  args.dk = q.size(2);
  args.dv = v.size(2);
  args.q = q.const_data_ptr();
  args.k = k.const_data_ptr();
  args.v = v.const_data_ptr();
  args.dq = dq.mutable_data_ptr();
  args.dk_out = dk.mutable_data_ptr();
  args.dv_out = dv.mutable_data_ptr();
  args.dtype = kernel_dtype(q);
  kernels::attention_backward(args);
  return {dq, dk, dv};
}

/// All but keys and output.
kernels::AttentionArgs common_args(const at::Tensor& q, const at::Tensor& v, const KeyRanges& ranges, float scale) {
  R1_CHECK(q.is_contiguous() && v.stride(2) == 1 && q.size(1) % v.size(1) == 0, "attention: layout");
  kernels::AttentionArgs args;
  args.tokens = q.size(0);
  args.heads = q.size(1);
  args.kv_heads = v.size(1);
  args.dk = q.size(2);
  args.dv = v.size(2);
  args.q = q.const_data_ptr();
  args.v = v.const_data_ptr();
  args.v_row = v.stride(0);
  args.v_head = v.stride(1);
  args.key_begin = ranges.begin.const_data_ptr<std::int64_t>();
  args.key_end = ranges.end.const_data_ptr<std::int64_t>();
  args.scale = scale;
  args.dtype = kernel_dtype(q);
  return args;
}

}  // namespace

void find_documents(KeyRanges& ranges) {
  const std::int64_t tokens = ranges.begin.size(0);
  const std::int64_t* begin = ranges.begin.const_data_ptr<std::int64_t>();
  std::vector<std::int32_t> starts;
  for (std::int64_t i = 0; i < tokens; ++i)
    if (begin[i] == i) starts.push_back(static_cast<std::int32_t>(i));
  starts.push_back(static_cast<std::int32_t>(tokens));
  ranges.starts = at::empty({static_cast<std::int64_t>(starts.size())}, at::TensorOptions().dtype(at::kInt));
  std::copy(starts.begin(), starts.end(), ranges.starts.mutable_data_ptr<std::int32_t>());
  ranges.longest = 0;
  for (std::size_t d = 1; d < starts.size(); ++d)
    ranges.longest = std::max<std::int64_t>(ranges.longest, starts[d] - starts[d - 1]);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale) {
  const OpRange range("attention");
  R1_CHECK(k.stride(2) == 1 && k.size(2) == q.size(2) && k.size(1) == v.size(1), "attention: layout of the keys");
  if (reference::takes(q)) return reference::attention(q, k, v, ranges, scale);
  if (q.is_cuda()) return on_device::attention(q, k, v, ranges, scale);
  const std::int64_t tokens = q.size(0), heads = q.size(1);
  const bool grad = needs_grad({q, k, v});
  at::Tensor lse = grad ? empty_f32({tokens, heads}) : at::Tensor();
  const float scale32 = static_cast<float>(scale);
  kernels::AttentionArgs args = common_args(q, v, ranges, scale32);
  at::Tensor out = empty_like_type(q, {tokens, heads, v.size(2)});
  args.k = k.const_data_ptr();
  args.k_row = k.stride(0);
  args.k_head = k.stride(1);
  args.out = out.mutable_data_ptr();
  args.lse = grad ? lse.mutable_data_ptr<float>() : nullptr;
  kernels::attention(args);
  if (grad) {
    R1_CHECK(k.is_contiguous() && v.is_contiguous() && k.size(0) == tokens, "attention: gradients need packed rows");
    record("attention", {out}, {q, k, v},
           [q = q.detach(), k = k.detach(), v = v.detach(), out = out.detach(), lse, ranges,
            scale32](const std::vector<at::Tensor>& grads) {
             kernels::AttentionBackwardArgs base;
             base.out = out.const_data_ptr();
             base.dout = grads[0].const_data_ptr();
             base.lse = lse.const_data_ptr<float>();
             base.key_begin = ranges.begin.const_data_ptr<std::int64_t>();
             base.scale = scale32;
             return gradients(q, k, v, base);
           });
  }
  return out;
}

at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k_panels, const at::Tensor& v,
                            const KeyRanges& ranges, double scale) {
  const bool panels = k_panels.dim() == 4;  // rows on a GPU
  R1_CHECK(k_panels.is_contiguous() && k_panels.size(1) == v.size(1) && k_panels.size(2) == q.size(2),
           "attention: layout of the cached keys");
  kernels::AttentionArgs args = common_args(q, v, ranges, static_cast<float>(scale));
  at::Tensor out = empty_like_type(q, {q.size(0), q.size(1), v.size(2)});
  args.k = k_panels.const_data_ptr();
  args.k_panels = panels;
  args.k_row = k_panels.stride(0);
  args.k_head = k_panels.stride(1);
  args.out = out.mutable_data_ptr();
  kernels_on(q).attention(args);
  return out;
}

void write_key_panels(const at::Tensor& k_panels, const at::Tensor& rows, const at::Tensor& x) {
  R1_CHECK(
      k_panels.is_contiguous() && x.is_contiguous() && k_panels.size(1) == x.size(1) && k_panels.size(2) == x.size(2),
      "kv cache: row sizes differ");
  if (k_panels.is_cuda()) {
    k_panels.index_copy_(0, rows, x);
    return;
  }
  kernels::write_key_panels({.tokens = x.size(0),
                             .heads = x.size(1),
                             .dk = x.size(2),
                             .x = x.const_data_ptr(),
                             .rows = rows.const_data_ptr<std::int64_t>(),
                             .panels = k_panels.mutable_data_ptr(),
                             .dtype = kernel_dtype(x)});
}

std::int64_t whole_key_panels(std::int64_t rows) {
  return (rows + kernels::kKeyPanel - 1) / kernels::kKeyPanel * kernels::kKeyPanel;
}

at::Tensor empty_key_panels(std::int64_t rows, std::int64_t heads, std::int64_t dk, const at::TensorOptions& options) {
  if (options.device().is_cuda()) return at::zeros({whole_key_panels(rows), heads, dk}, options);
  return at::zeros({whole_key_panels(rows) / kernels::kKeyPanel, heads, dk, kernels::kKeyPanel},
                   options);  // keys that no token wrote must not be NaN
}

}  // namespace r1::tensor
