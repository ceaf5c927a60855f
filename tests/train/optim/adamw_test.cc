// AdamW against the formula in double, its FP32 masters under bf16 weights, and the order-independent gradient norm.
#include "r1/train/optim/adamw.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>

#include <cmath>
#include <string>

#include "r1/core/rng.h"

namespace r1::train {
namespace {

at::Tensor random_tensor(std::int64_t count, std::uint32_t index, at::ScalarType type) {
  at::Tensor out = at::empty({count}, at::TensorOptions().dtype(at::kFloat));
  core::Rng rng({.seed = 4, .prompt = index});
  for (std::int64_t i = 0; i < count; ++i) out.mutable_data_ptr<float>()[i] = static_cast<float>(rng.normal());
  return out.to(type);
}

struct Reference {
  std::vector<double> w, m, v;
  void step(const at::Tensor& grad, double rate, double scale, const OptimizerConfig& c, int t, bool decays) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double g = grad.const_data_ptr<float>()[i] * scale;
      m[i] = c.beta1 * m[i] + (1 - c.beta1) * g;
      v[i] = c.beta2 * v[i] + (1 - c.beta2) * g * g;
      const double mhat = m[i] / (1 - std::pow(c.beta1, t)), vhat = v[i] / (1 - std::pow(c.beta2, t));
      w[i] -= rate * ((decays ? c.weight_decay : 0.0) * w[i] + mhat / (std::sqrt(vhat) + c.eps));
    }
  }
};

void compare(at::ScalarType type, model::Parameter::Kind kind, double tolerance) {
  const std::int64_t count = 5003;  // no multiple of any block
  at::Tensor parameter = random_tensor(count, 0, type).requires_grad_(true);
  OptimizerConfig config;
  AdamW optimizer({{"p", &parameter, {count}, kind}}, config);
  const at::Tensor start = parameter.detach().to(at::kFloat);
  Reference reference{{start.const_data_ptr<float>(), start.const_data_ptr<float>() + count},
                      std::vector<double>(static_cast<std::size_t>(count)),
                      std::vector<double>(static_cast<std::size_t>(count))};
  for (int t = 1; t <= 20; ++t) {
    const at::Tensor grad = random_tensor(count, static_cast<std::uint32_t>(t), type);
    parameter.mutable_grad() = grad;
    optimizer.step(1e-2, 0.5);
    EXPECT_FALSE(parameter.grad().defined());
    reference.step(grad.to(at::kFloat), 1e-2, 0.5, config, t, kind == model::Parameter::Kind::Matrix);
  }
  const at::Tensor got = parameter.detach().to(at::kFloat);
  double worst = 0.0;
  for (std::int64_t i = 0; i < count; ++i)
    worst = std::max(worst, std::abs(got.const_data_ptr<float>()[i] - reference.w[static_cast<std::size_t>(i)]));
  EXPECT_LT(worst, tolerance);
}

TEST(AdamW, FollowsTheFormula) {
  compare(at::kFloat, model::Parameter::Kind::Matrix, 2e-6);
  compare(at::kFloat, model::Parameter::Kind::Norm, 2e-6);
}

TEST(AdamW, BFloat16WeightsRoundOnceFromFloat32Masters) {
  compare(at::kBFloat16, model::Parameter::Kind::Matrix, 1.6e-2);
}

TEST(AdamW, SmallStepsAreNotLostInBFloat16) {
  at::Tensor parameter = at::ones({64}, at::TensorOptions().dtype(at::kBFloat16)).requires_grad_(true);
  OptimizerConfig config;
  config.weight_decay = 0.0;
  AdamW optimizer({{"p", &parameter, {64}}}, config);
  for (int t = 0; t < 100; ++t) {
    parameter.mutable_grad() = at::ones_like(parameter).detach();
    optimizer.step(1e-4, 1.0);  // 1e-4 is far below half a unit in the last place of 1.0 in bf16
  }
  EXPECT_NEAR(parameter[0].item<float>(), 0.99, 0.004);
}

TEST(AdamW, GradNorm) {
  at::Tensor a = at::zeros({3000}).requires_grad_(true), b = at::zeros({7}).requires_grad_(true);
  AdamW optimizer({{"a", &a, {3000}}, {"b", &b, {7}}}, {});
  a.mutable_grad() = at::full({3000}, 2.0);
  b.mutable_grad() = at::full({7}, 3.0);
  EXPECT_DOUBLE_EQ(optimizer.grad_norm(), std::sqrt(3000 * 4.0 + 7 * 9.0));
}

TEST(AdamW, StateRoundTripsThroughAFile) {
  const auto run = [](bool through_file) {
    at::Tensor p = random_tensor(100, 0, at::kBFloat16).requires_grad_(true);
    auto optimizer = std::make_unique<AdamW>(std::vector<model::Parameter>{{"p", &p, {100}}}, OptimizerConfig{});
    for (std::uint32_t t = 1; t <= 6; ++t) {
      if (t == 4 && through_file) {
        const auto file =
            std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_adamw.safetensors");
        weights::write_safetensors(file, optimizer->state());
        optimizer = std::make_unique<AdamW>(std::vector<model::Parameter>{{"p", &p, {100}}}, OptimizerConfig{});
        optimizer->load_state(weights::SafetensorsReader(file), 3);
      }
      p.mutable_grad() = random_tensor(100, t, at::kBFloat16);
      optimizer->step(1e-2, 1.0);
    }
    return p.detach().clone();
  };
  EXPECT_TRUE(run(false).equal(run(true)));
}

}  // namespace
}  // namespace r1::train
