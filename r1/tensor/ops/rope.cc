// Rotary embedding in halves (rope.h), element by element: a row's result depends on that row alone. Turning back is
// turning by the negative angle, so the gradient is the same function.
#include "r1/tensor/ops/rope.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

at::Tensor turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = x.size(2) / 2;
  const at::Tensor wide = x.to(cos.scalar_type());
  const at::Tensor a = wide.narrow(2, 0, half), b = wide.narrow(2, half, half);
  return at::cat({a * cos - b * sin, b * cos + a * sin}, 2).to(x.scalar_type());
}

/// The kernel of a GPU; sign -1 turns back.
at::Tensor turned_on_device(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table, float sign) {
  at::Tensor out = empty_like_type(x, x.sizes());
  kernels_on(x).rope_halves({.tokens = x.size(0),
                             .heads = x.size(1),
                             .width = x.size(2),
                             .x = x.const_data_ptr(),
                             .positions = positions.const_data_ptr<std::int32_t>(),
                             .cos = table.cos.const_data_ptr<float>(),
                             .sin = table.sin.const_data_ptr<float>(),
                             .sign = sign,
                             .out = out.mutable_data_ptr(),
                             .dtype = kernel_dtype(x)});
  return out;
}

at::Tensor rope_halves_on_device(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table) {
  R1_CHECK(x.is_contiguous(), "rope: layout");
  at::Tensor out = turned_on_device(x, positions, table, 1.0f);
  if (needs_grad({x}))
    record("rope_halves", {out}, {x}, [positions, table](const std::vector<at::Tensor>& grads) {
      return std::vector<at::Tensor>{turned_on_device(grads[0], positions, table, -1.0f)};
    });
  return out;
}

}  // namespace

at::Tensor rope_halves(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table) {
  const OpRange range("rope_halves");
  R1_CHECK(x.dim() == 3 && x.size(2) == 2 * table.cos.size(1), "rope: heads of {} for a table of {} columns",
           x.size(-1), table.cos.size(1));
  if (x.is_cuda() && !reference::takes(x)) return rope_halves_on_device(x, positions, table);
  at::Tensor out, cos, sin;
  {
    const at::NoGradGuard no_grad;
    cos = table.cos.index_select(0, positions).unsqueeze(1);  // [T, 1, width / 2]
    sin = table.sin.index_select(0, positions).unsqueeze(1);
    out = turned(x, cos, sin);
  }
  if (needs_grad({x}))
    record("rope_halves", {out}, {x}, [cos, sin](const std::vector<at::Tensor>& grads) {
      return std::vector<at::Tensor>{turned(grads[0], cos, -sin)};
    });
  return out;
}

}  // namespace r1::tensor
