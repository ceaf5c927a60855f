// SwiGLU feed-forward (mlp.h).
#include "r1/tensor/ops/mlp.h"

#include "r1/tensor/ops/on_device.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/ops/stacked.h"
#include "r1/tensor/ops/swiglu.h"

namespace r1::tensor {

at::Tensor swiglu_mlp(const at::Tensor& x, const LinearWeight& gate, const LinearWeight& up, const LinearWeight& down) {
  const bool adapted = gate.adapter || up.adapter || down.adapter;
  if (x.is_cuda() && !adapted && !reference::takes(x)) {
    const at::Tensor gate_up = stacked({gate.weight, up.weight});
    if (gate_up.defined()) return on_device::swiglu_mlp(x, {gate.weight, up.weight, down.weight, gate_up});
  }
  const std::vector<at::Tensor> both = linears(x, {&gate, &up});
  return linear(swiglu(both[0], both[1]), down);
}

}  // namespace r1::tensor
