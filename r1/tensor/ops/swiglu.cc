// SwiGLU as an op of the graph (swiglu.h).
#include "r1/tensor/ops/swiglu.h"

#include "r1/core/error.h"
#include "r1/kernels/swiglu.h"
#include "r1/tensor/autograd.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/reference.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  const OpRange range("swiglu");
  R1_CHECK(gate.is_contiguous() && up.is_contiguous() && gate.sizes() == up.sizes(), "swiglu: gate and up differ");
  if (reference::takes(gate)) return reference::swiglu(gate, up);
  at::Tensor y = empty_like_type(gate, gate.sizes());
  kernels_on(gate).swiglu({.rows = gate.size(0),
                           .columns = gate.size(1),
                           .gate = gate.const_data_ptr(),
                           .up = up.const_data_ptr(),
                           .stride = gate.size(1),
                           .y = y.mutable_data_ptr(),
                           .dtype = kernel_dtype(gate)});
  if (needs_grad({gate, up})) {
    record("swiglu", {y}, {gate, up}, [gate = gate.detach(), up = up.detach()](const std::vector<at::Tensor>& grads) {
      at::Tensor dgate = empty_like_type(gate, gate.sizes()), dup = empty_like_type(up, up.sizes());
      kernels_on(gate).swiglu_backward({.rows = gate.size(0),
                                        .columns = gate.size(1),
                                        .gate = gate.const_data_ptr(),
                                        .up = up.const_data_ptr(),
                                        .stride = gate.size(1),
                                        .dy = grads[0].const_data_ptr(),
                                        .dgate = dgate.mutable_data_ptr(),
                                        .dup = dup.mutable_data_ptr(),
                                        .dstride = gate.size(1),
                                        .dtype = kernel_dtype(gate)});
      return std::vector<at::Tensor>{dgate, dup};
    });
  }
  return y;
}

}  // namespace r1::tensor
