// Rotary embedding in halves (rope.h), element by element: a row's result depends on that row alone. Turning back is
// turning by the negative angle, so the gradient is the same function.
#include "r1/tensor/ops/rope.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>

#include "r1/core/error.h"
#include "r1/tensor/autograd.h"

namespace r1::tensor {

namespace {

at::Tensor turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = x.size(2) / 2;
  const at::Tensor wide = x.to(cos.scalar_type());
  const at::Tensor a = wide.narrow(2, 0, half), b = wide.narrow(2, half, half);
  return at::cat({a * cos - b * sin, b * cos + a * sin}, 2).to(x.scalar_type());
}

}  // namespace

at::Tensor rope_halves(const at::Tensor& x, const at::Tensor& positions, const RopeTable& table) {
  R1_CHECK(x.dim() == 3 && x.size(2) == 2 * table.cos.size(1), "rope: heads of {} for a table of {} columns",
           x.size(-1), table.cos.size(1));
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
