// One AdamW update of one parameter, fused, and the squared norm of a gradient.
#pragma once

#include <vector>

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// Scalars of one update; corrections are 1 - beta^step.
struct AdamWScalars {
  double learning_rate = 0.0, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.0;
  double bias_correction1 = 1.0, bias_correction2 = 1.0;
  double gradient_scale = 1.0;
};

/// Tensors of one parameter: float32 master, moments; a bf16 parameter is refreshed from its master, an f32 one is the
/// master. On a GPU the master of a bf16 parameter is split: the parameter is its upper half and `master`, in int16,
/// what the lower bits add (kernels/adamw.h); together they are a float32 in 4 bytes instead of 6.
struct AdamWState {
  at::Tensor master, m, v;
};

/// The float32 master, whole. Of a split one a new tensor.
at::Tensor whole_master(const at::Tensor& parameter, const at::Tensor& master);
/// Puts float32 `value` into the master; where that is split, into the parameter too.
void set_master(const at::Tensor& parameter, const at::Tensor& master, const at::Tensor& value);

/// Updates in place and moves the parameter's version counter, so that packed forms of the old weights are seen to be
/// stale.
void adamw(const at::Tensor& parameter, const at::Tensor& gradient, const AdamWState& state,
           const AdamWScalars& scalars);

/// The same for many parameters; a few launches on a GPU.
struct AdamWItem {
  at::Tensor parameter, gradient;
  AdamWState state;
  AdamWScalars scalars;
};
void adamw_all(const std::vector<AdamWItem>& items);

double squared_norm(const at::Tensor& x);
/// Sum of squares over all of them, in their order; on a GPU one copy to the host.
double squared_norm(const std::vector<at::Tensor>& all);

}  // namespace r1::tensor
