// Rotary embedding of MLA as an op of the graph (mla_rope.h).
#include "r1/tensor/ops/mla_rope.h"

#include "r1/core/error.h"
#include "r1/kernels/mla_rope.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

at::Tensor or_zeros(const at::Tensor& grad, const at::Tensor& like, at::IntArrayRef sizes) {
  return grad.defined() ? grad : at::zeros(sizes, like.options().requires_grad(false));
}

}  // namespace

MlaHeads mla_rope(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_pe, const at::Tensor& positions,
                  const RopeTable& table, const MlaShape& shape) {  // NOLINT(readability-function-size)
  const OpRange range("mla_rope");
  const std::int64_t tokens = q.size(0), qk = shape.nope + shape.rope;
  R1_CHECK(q.is_contiguous() && kv.is_contiguous() && k_pe.stride(1) == 1 && k_pe.size(1) == shape.rope,
           "mla_rope: layout");
  if (reference::takes(q)) return reference::mla_rope(q, kv, k_pe, positions, table, shape);
  MlaHeads heads{empty_like_type(q, {tokens, shape.heads, qk}), empty_like_type(q, {tokens, shape.heads, qk}),
                 empty_like_type(q, {tokens, shape.heads, shape.v})};
  kernels_on(q).mla_rope({.tokens = tokens,
                          .heads = shape.heads,
                          .nope = shape.nope,
                          .rope = shape.rope,
                          .v = shape.v,
                          .q = q.const_data_ptr(),
                          .kv = kv.const_data_ptr(),
                          .k_pe = k_pe.const_data_ptr(),
                          .k_pe_stride = k_pe.stride(0),
                          .positions = positions.const_data_ptr<std::int32_t>(),
                          .cos = table.cos.const_data_ptr<float>(),
                          .sin = table.sin.const_data_ptr<float>(),
                          .q_out = heads.q.mutable_data_ptr(),
                          .k_out = heads.k.mutable_data_ptr(),
                          .v_out = heads.v.mutable_data_ptr(),
                          .dtype = kernel_dtype(q)});
  if (needs_grad({q, kv, k_pe})) {
    record("mla_rope", {heads.q, heads.k, heads.v}, {q, kv, k_pe},
           [like = q.detach(), positions, table, shape, tokens, qk](const std::vector<at::Tensor>& grads) {
             const at::Tensor dq_out = or_zeros(grads[0], like, {tokens, shape.heads, qk});
             const at::Tensor dk_out = or_zeros(grads[1], like, {tokens, shape.heads, qk});
             const at::Tensor dv_out = or_zeros(grads[2], like, {tokens, shape.heads, shape.v});
             at::Tensor dq = empty_like_type(like, {tokens, shape.heads * qk});
             at::Tensor dkv = empty_like_type(like, {tokens, shape.heads * (shape.nope + shape.v)});
             at::Tensor dk_pe = empty_like_type(like, {tokens, shape.rope});
             kernels_on(like).mla_rope_backward({.tokens = tokens,
                                                 .heads = shape.heads,
                                                 .nope = shape.nope,
                                                 .rope = shape.rope,
                                                 .v = shape.v,
                                                 .dq_out = dq_out.const_data_ptr(),
                                                 .dk_out = dk_out.const_data_ptr(),
                                                 .dv_out = dv_out.const_data_ptr(),
                                                 .positions = positions.const_data_ptr<std::int32_t>(),
                                                 .cos = table.cos.const_data_ptr<float>(),
                                                 .sin = table.sin.const_data_ptr<float>(),
                                                 .dq = dq.mutable_data_ptr(),
                                                 .dkv = dkv.mutable_data_ptr(),
                                                 .dk_pe = dk_pe.mutable_data_ptr(),
                                                 .dtype = kernel_dtype(like)});
             return std::vector<at::Tensor>{dq, dkv, dk_pe};
           });
  }
  return heads;
}

void rotate_in_place(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table, std::int64_t rope) {
  R1_CHECK(x.is_contiguous() && x.dim() == 3, "rotate: x is [T, H, width]");
  kernels_on(x).rotate({.tokens = x.size(0),
                        .heads = x.size(1),
                        .width = x.size(2),
                        .rope = rope,
                        .x = x.mutable_data_ptr(),
                        .positions = positions.const_data_ptr<std::int32_t>(),
                        .cos = table.cos.const_data_ptr<float>(),
                        .sin = table.sin.const_data_ptr<float>(),
                        .dtype = kernel_dtype(x)});
}

}  // namespace r1::tensor
