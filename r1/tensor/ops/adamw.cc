// AdamW on tensors (adamw.h).
#include "r1/tensor/ops/adamw.h"

#include "r1/core/error.h"
#include "r1/kernels/adamw.h"
#include "r1/tensor/dtype.h"

namespace r1::tensor {

void adamw(const at::Tensor& parameter, const at::Tensor& gradient, const AdamWState& state, const AdamWScalars& s) {
  R1_CHECK(gradient.is_contiguous() && gradient.sizes() == parameter.sizes(),
           "adamw: the gradient does not fit its parameter");
  kernels::adamw({.count = parameter.numel(),
                  .master = state.master.mutable_data_ptr<float>(),
                  .parameter = parameter.scalar_type() == at::kFloat ? nullptr : parameter.mutable_data_ptr(),
                  .gradient = gradient.const_data_ptr(),
                  .gradient_dtype = kernel_dtype(gradient),
                  .gradient_scale = static_cast<float>(s.gradient_scale),
                  .m = state.m.mutable_data_ptr<float>(),
                  .v = state.v.mutable_data_ptr<float>(),
                  .learning_rate = static_cast<float>(s.learning_rate),
                  .beta1 = static_cast<float>(s.beta1),
                  .beta2 = static_cast<float>(s.beta2),
                  .eps = static_cast<float>(s.eps),
                  .weight_decay = static_cast<float>(s.weight_decay),
                  .bias_correction1 = static_cast<float>(s.bias_correction1),
                  .bias_correction2 = static_cast<float>(s.bias_correction2)});
  parameter.unsafeGetTensorImpl()->bump_version();
}

double squared_norm(const at::Tensor& x) {
  double sum = 0.0;
  kernels::squared_norm({.count = x.numel(), .x = x.const_data_ptr(), .dtype = kernel_dtype(x), .sum = &sum});
  return sum;
}

}  // namespace r1::tensor
