// AdamW on tensors (adamw.h).
#include "r1/tensor/ops/adamw.h"

#include "r1/core/error.h"
#include "r1/kernels/adamw.h"
#include "r1/tensor/device.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/range.h"

namespace r1::tensor {

namespace {

bool is_split(const at::Tensor& master) { return master.scalar_type() == at::kShort; }

kernels::AdamWArgs arguments(const at::Tensor& parameter, const at::Tensor& gradient, const AdamWState& state,
                             const AdamWScalars& s) {
  R1_CHECK(gradient.is_contiguous() && gradient.sizes() == parameter.sizes(),
           "adamw: the gradient does not fit its parameter");
  const bool narrow = state.m.scalar_type() == at::kBFloat16, split = is_split(state.master);
  R1_CHECK((!narrow && !split) || parameter.is_cuda(), "adamw: moments in bf16 and split masters are a GPU's");
  return {.count = parameter.numel(),
          .master = split ? nullptr : state.master.mutable_data_ptr<float>(),
          .parameter = parameter.scalar_type() == at::kFloat ? nullptr : parameter.mutable_data_ptr(),
          .correction = split ? state.master.mutable_data_ptr<std::int16_t>() : nullptr,
          .gradient = gradient.const_data_ptr(),
          .gradient_dtype = kernel_dtype(gradient),
          .gradient_scale = static_cast<float>(s.gradient_scale),
          .m = narrow ? nullptr : state.m.mutable_data_ptr<float>(),
          .v = narrow ? nullptr : state.v.mutable_data_ptr<float>(),
          .m_bf16 = narrow ? state.m.mutable_data_ptr() : nullptr,
          .v_bf16 = narrow ? state.v.mutable_data_ptr() : nullptr,
          .learning_rate = static_cast<float>(s.learning_rate),
          .beta1 = static_cast<float>(s.beta1),
          .beta2 = static_cast<float>(s.beta2),
          .eps = static_cast<float>(s.eps),
          .weight_decay = static_cast<float>(s.weight_decay),
          .bias_correction1 = static_cast<float>(s.bias_correction1),
          .bias_correction2 = static_cast<float>(s.bias_correction2)};
}

/// The gradients' squared norm on a GPU: fixed parts of each, then their sum.
double device_squared_norm(const std::vector<at::Tensor>& all) {
  const auto count = static_cast<std::int64_t>(all.size());
  const at::Tensor parts =
      at::empty({count, kernels::kNormParts}, at::TensorOptions().dtype(at::kDouble).device(all.front().device()));
  std::vector<kernels::SquaredNormParts> args;
  for (std::int64_t i = 0; i < count; ++i) {
    const at::Tensor& x = all[static_cast<std::size_t>(i)];
    R1_CHECK(x.is_contiguous(), "squared_norm: layout");
    args.push_back({.count = x.numel(),
                    .x = x.const_data_ptr(),
                    .dtype = kernel_dtype(x),
                    .parts = parts.mutable_data_ptr<double>() + i * kernels::kNormParts});
  }
  kernels_on(all.front()).squared_norms(args.data(), args.size());
  return parts.sum().item<double>();
}

}  // namespace

at::Tensor whole_master(const at::Tensor& parameter, const at::Tensor& master) {
  if (!is_split(master)) return master;
  const at::Tensor high = parameter.detach().view(at::kShort).to(at::kInt);
  return (high.bitwise_left_shift(16) + master).view(at::kFloat);
}

void set_master(const at::Tensor& parameter, const at::Tensor& master, const at::Tensor& value) {
  if (!is_split(master)) {
    master.copy_(value);
    return;
  }
  const at::Tensor bits = value.to(master.device()).view(at::kInt);
  const at::Tensor high = (bits + 0x8000).bitwise_right_shift(16);
  parameter.copy_(high.to(at::kShort).view(at::kBFloat16));
  master.copy_(bits - high.bitwise_left_shift(16));
}

void adamw(const at::Tensor& parameter, const at::Tensor& gradient, const AdamWState& state, const AdamWScalars& s) {
  adamw_all({{parameter, gradient, state, s}});
}

void adamw_all(const std::vector<AdamWItem>& items) {
  const OpRange range("adamw");
  if (items.empty()) return;
  std::vector<kernels::AdamWArgs> args;
  args.reserve(items.size());
  for (const AdamWItem& i : items) args.push_back(arguments(i.parameter, i.gradient, i.state, i.scalars));
  if (items.front().parameter.is_cuda())
    kernels_on(items.front().parameter).adamw(args.data(), args.size());
  else
    for (const kernels::AdamWArgs& one : args) kernels::adamw(one);
  for (const AdamWItem& i : items) i.parameter.unsafeGetTensorImpl()->bump_version();
}

double squared_norm(const at::Tensor& x) {
  if (x.is_cuda()) return device_squared_norm({x.contiguous()});
  double sum = 0.0;
  kernels::squared_norm({.count = x.numel(), .x = x.const_data_ptr(), .dtype = kernel_dtype(x), .sum = &sum});
  return sum;
}

double squared_norm(const std::vector<at::Tensor>& all) {
  const OpRange range("squared_norm");
  if (!all.empty() && all.front().is_cuda()) return device_squared_norm(all);
  double total = 0.0;
  for (const at::Tensor& x : all) total += squared_norm(x);
  return total;
}

}  // namespace r1::tensor
