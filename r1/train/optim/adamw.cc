// AdamW (adamw.h).
#include "r1/train/optim/adamw.h"

#include <cmath>

#include "r1/core/error.h"
#include "r1/kernels/adamw.h"
#include "r1/tensor/dtype.h"

namespace r1::train {

AdamW::AdamW(std::vector<model::Parameter> parameters, const OptimizerConfig& config) : config_(config) {
  const at::NoGradGuard no_grad;
  for (model::Parameter& p : parameters) {
    if (p.kind == model::Parameter::Kind::RouterBias) continue;
    const at::Tensor value = p.tensor->detach();
    const at::TensorOptions f32 = at::TensorOptions().dtype(at::kFloat);
    slots_.push_back({p, value.scalar_type() == at::kFloat ? value : value.to(at::kFloat), at::zeros(value.sizes(), f32),
                      at::zeros(value.sizes(), f32)});
  }
}

double AdamW::grad_norm() const {
  double total = 0.0;
  for (const Slot& slot : slots_) {
    const at::Tensor& grad = slot.parameter.tensor->grad();
    if (!grad.defined()) continue;
    double sum = 0.0;
    kernels::squared_norm({.count = grad.numel(), .x = grad.const_data_ptr(), .dtype = tensor::kernel_dtype(grad), .sum = &sum});
    total += sum;
  }
  return std::sqrt(total);
}

void AdamW::step(double learning_rate, double scale) {
  const at::NoGradGuard no_grad;
  ++num_steps_;
  const double correction1 = 1.0 - std::pow(config_.beta1, static_cast<double>(num_steps_));
  const double correction2 = 1.0 - std::pow(config_.beta2, static_cast<double>(num_steps_));
  for (Slot& slot : slots_) {
    at::Tensor& parameter = *slot.parameter.tensor;
    if (!parameter.grad().defined()) continue;
    const at::Tensor grad = parameter.grad().contiguous();
    const bool decays = slot.parameter.kind == model::Parameter::Kind::Matrix;
    kernels::adamw({.count = parameter.numel(),
                    .master = slot.master.mutable_data_ptr<float>(),
                    .parameter = parameter.scalar_type() == at::kFloat ? nullptr : parameter.mutable_data_ptr(),
                    .gradient = grad.const_data_ptr(),
                    .gradient_dtype = tensor::kernel_dtype(grad),
                    .gradient_scale = static_cast<float>(scale),
                    .m = slot.m.mutable_data_ptr<float>(),
                    .v = slot.v.mutable_data_ptr<float>(),
                    .learning_rate = static_cast<float>(learning_rate),
                    .beta1 = static_cast<float>(config_.beta1),
                    .beta2 = static_cast<float>(config_.beta2),
                    .eps = static_cast<float>(config_.eps),
                    .weight_decay = decays ? static_cast<float>(config_.weight_decay) : 0.0f,
                    .bias_correction1 = static_cast<float>(correction1),
                    .bias_correction2 = static_cast<float>(correction2)});
    parameter.unsafeGetTensorImpl()->bump_version();  // packed forms of the old weights are stale now
    parameter.mutable_grad().reset();
  }
}

weights::NamedTensors AdamW::state() const {
  weights::NamedTensors out;
  for (const Slot& slot : slots_) {
    out.emplace_back("m." + slot.parameter.name, slot.m);
    out.emplace_back("v." + slot.parameter.name, slot.v);
    if (slot.parameter.tensor->scalar_type() != at::kFloat) out.emplace_back("master." + slot.parameter.name, slot.master);
  }
  return out;
}

void AdamW::load_state(const weights::SafetensorsReader& reader, std::int64_t num_steps) {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    slot.m.copy_(reader.load("m." + slot.parameter.name));
    slot.v.copy_(reader.load("v." + slot.parameter.name));
    if (slot.parameter.tensor->scalar_type() != at::kFloat) slot.master.copy_(reader.load("master." + slot.parameter.name));
  }
  num_steps_ = num_steps;
}

}  // namespace r1::train
