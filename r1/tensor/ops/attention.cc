// Attention as an op of the graph (attention.h).
#include "r1/tensor/ops/attention.h"

#include "r1/core/error.h"
#include "r1/kernels/attention.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/dtype.h"

namespace r1::tensor {

namespace {

std::vector<at::Tensor> gradients(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  const kernels::AttentionBackwardArgs& base) {
  at::Tensor dq = empty_like_type(q, q.sizes()), dk = empty_like_type(k, k.sizes()), dv = empty_like_type(v, v.sizes());
  kernels::AttentionBackwardArgs args = base;
  args.tokens = q.size(0);
  args.heads = q.size(1);
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

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale) {
  R1_CHECK(q.is_contiguous() && k.stride(2) == 1 && v.stride(2) == 1 && k.size(2) == q.size(2), "attention: layout");
  const std::int64_t tokens = q.size(0), heads = q.size(1), dv = v.size(2);
  at::Tensor out = empty_like_type(q, {tokens, heads, dv});
  const bool grad = needs_grad({q, k, v});
  at::Tensor lse = grad ? empty_f32({tokens, heads}) : at::Tensor();
  const float scale32 = static_cast<float>(scale);
  kernels::attention({.tokens = tokens,
                      .heads = heads,
                      .dk = q.size(2),
                      .dv = dv,
                      .q = q.const_data_ptr(),
                      .k = k.const_data_ptr(),
                      .k_row = k.stride(0),
                      .k_head = k.size(1) == 1 ? 0 : k.stride(1),
                      .v = v.const_data_ptr(),
                      .v_row = v.stride(0),
                      .v_head = v.size(1) == 1 ? 0 : v.stride(1),
                      .key_begin = ranges.begin.const_data_ptr<std::int64_t>(),
                      .key_end = ranges.end.const_data_ptr<std::int64_t>(),
                      .scale = scale32,
                      .out = out.mutable_data_ptr(),
                      .lse = grad ? lse.mutable_data_ptr<float>() : nullptr,
                      .dtype = kernel_dtype(q)});
  if (grad) {
    R1_CHECK(k.is_contiguous() && v.is_contiguous() && k.size(0) == tokens && k.size(1) == heads,
             "attention: gradients need packed rows");
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

}  // namespace r1::tensor
