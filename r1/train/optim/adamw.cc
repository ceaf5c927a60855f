// AdamW (adamw.h).
#include "r1/train/optim/adamw.h"

#include <cmath>

#include "r1/core/error.h"
#include "r1/tensor/ops/adamw.h"

namespace r1::train {

namespace {

at::Tensor first_master(const at::Tensor& value) {
  if (value.scalar_type() == at::kFloat) return value;
  return value.is_cuda() ? at::zeros(value.sizes(), value.options().dtype(at::kShort)) : value.to(at::kFloat);
}

}  // namespace

AdamW::AdamW(std::vector<model::Parameter> parameters, const OptimizerConfig& config) : config_(config) {
  const at::NoGradGuard no_grad;
  const at::ScalarType moments = config.moments == "bf16" ? at::kBFloat16 : at::kFloat;
  for (model::Parameter& p : parameters) {
    if (!p.tensor->requires_grad()) continue;
    const at::Tensor value = p.tensor->detach();
    if (moments == at::kBFloat16 && !value.is_cuda())
      user_error("optimizer.moments bf16 needs a GPU (device cuda); on the CPU they are f32");
    const at::TensorOptions options = at::TensorOptions().dtype(moments).device(value.device());
    slots_.push_back({p, first_master(value), at::zeros(value.sizes(), options), at::zeros(value.sizes(), options)});
  }
}

double AdamW::grad_norm() const {
  std::vector<at::Tensor> gradients;
  for (const Slot& slot : slots_)
    if (slot.parameter.tensor->grad().defined()) gradients.push_back(slot.parameter.tensor->grad());
  return std::sqrt(tensor::squared_norm(gradients));
}

void AdamW::step(double learning_rate, double scale) {
  const at::NoGradGuard no_grad;
  ++num_steps_;
  const double correction1 = 1.0 - std::pow(config_.beta1, static_cast<double>(num_steps_));
  const double correction2 = 1.0 - std::pow(config_.beta2, static_cast<double>(num_steps_));
  std::vector<tensor::AdamWItem> items;
  items.reserve(slots_.size());
  for (Slot& slot : slots_) {
    at::Tensor& parameter = *slot.parameter.tensor;
    if (!parameter.grad().defined()) continue;
    const bool decays = slot.parameter.kind == model::Parameter::Kind::Matrix;
    items.push_back({parameter,
                     parameter.grad().contiguous(),
                     {slot.master, slot.m, slot.v},
                     {.learning_rate = learning_rate,
                      .beta1 = config_.beta1,
                      .beta2 = config_.beta2,
                      .eps = config_.eps,
                      .weight_decay = decays ? config_.weight_decay : 0.0,
                      .bias_correction1 = correction1,
                      .bias_correction2 = correction2,
                      .gradient_scale = scale}});
    parameter.mutable_grad().reset();
  }
  tensor::adamw_all(items);
}

weights::NamedTensors AdamW::state() const {
  weights::NamedTensors out;
  for (const Slot& slot : slots_) {
    out.emplace_back("m." + slot.parameter.name, slot.m);
    out.emplace_back("v." + slot.parameter.name, slot.v);
    if (slot.parameter.tensor->scalar_type() != at::kFloat)  // to the host at once: whole ones would fill a GPU
      out.emplace_back("master." + slot.parameter.name,
                       tensor::whole_master(*slot.parameter.tensor, slot.master).cpu());
  }
  return out;
}

void AdamW::load_state(const weights::SafetensorsReader& reader, std::int64_t num_steps) {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    slot.m.copy_(reader.load("m." + slot.parameter.name));
    slot.v.copy_(reader.load("v." + slot.parameter.name));
    if (slot.parameter.tensor->scalar_type() != at::kFloat)
      tensor::set_master(*slot.parameter.tensor, slot.master, reader.load("master." + slot.parameter.name));
  }
  num_steps_ = num_steps;
}

}  // namespace r1::train
