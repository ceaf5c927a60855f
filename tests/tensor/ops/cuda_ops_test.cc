// Ops that a GPU has in a form of its own, against the plain form: the same forward bits where no sum differs,
// gradients within what bf16 rounds. And AdamW's split masters against the CPU's whole ones.
#include <gtest/gtest.h>

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "r1/core/rng.h"
#include "r1/tensor/device.h"
#include "r1/tensor/ops/adamw.h"
#include "r1/tensor/ops/mlp.h"
#include "r1/tensor/ops/moe.h"
#include "r1/tensor/ops/qkv.h"
#include "r1/tensor/ops/rope.h"
#include "r1/tensor/ops/stacked.h"
#include "tests/support/cuda.h"

namespace r1::tensor {
namespace {

at::Tensor random_on_gpu(at::IntArrayRef sizes, std::uint32_t index, double scale, at::ScalarType type) {
  at::Tensor out = at::empty(sizes, at::TensorOptions().dtype(at::kFloat));
  core::Rng rng({.seed = 9, .prompt = index});
  for (std::int64_t i = 0; i < out.numel(); ++i)
    out.mutable_data_ptr<float>()[i] = static_cast<float>(scale * rng.normal());
  return out.to(type).to(device("cuda"));
}

double error(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor w = want.to(at::kDouble);
  return ((got.to(at::kDouble) - w).norm() / (w.norm() + 1e-30)).item<double>();
}

struct Case {
  at::ScalarType type;
  double tolerance;
};
class CudaOps : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Types, CudaOps, ::testing::Values(Case{at::kFloat, 1e-5}, Case{at::kBFloat16, 1e-2}),
                         [](const auto& one) { return one.param.type == at::kFloat ? "f32" : "bf16"; });

TEST_P(CudaOps, MlpIsItsThreeProducts) {
  R1_NEEDS_CUDA();
  const auto [type, tolerance] = GetParam();
  for (const auto& [tokens, inner] : {std::pair{300, 4864}, {7, 24}}) {
    const auto weights = [&, type = type, inner = inner] {
      return std::vector<LinearWeight>{{random_on_gpu({inner, 896}, 1, 0.03, type).requires_grad_(true)},
                                       {random_on_gpu({inner, 896}, 2, 0.03, type).requires_grad_(true)},
                                       {random_on_gpu({896, inner}, 3, 0.03, type).requires_grad_(true)}};
    };
    std::vector<LinearWeight> apart = weights(), together = weights();
    stack({&together[0].weight, &together[1].weight});
    ASSERT_TRUE(stacked({together[0].weight, together[1].weight}).defined());
    at::Tensor x = random_on_gpu({tokens, 896}, 4, 1.0, type).requires_grad_(true), y = x.detach().clone();
    y.requires_grad_(true);
    const at::Tensor dout = random_on_gpu({tokens, 896}, 5, 1.0, type);
    const at::Tensor want = swiglu_mlp(x, apart[0], apart[1], apart[2]);
    const at::Tensor got = swiglu_mlp(y, together[0], together[1], together[2]);
    EXPECT_LT(error(got, want), tolerance);
    if (type == at::kBFloat16) {
      EXPECT_TRUE(got.equal(want));
    }
    want.backward(dout);
    got.backward(dout);
    EXPECT_LT(error(y.grad(), x.grad()), tolerance);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(error(together[i].weight.grad(), apart[i].weight.grad()), tolerance);
  }
}

TEST_P(CudaOps, QkvIsItsProductsAdditionsAndRotations) {
  R1_NEEDS_CUDA();
  const auto [type, tolerance] = GetParam();
  constexpr std::int64_t kTokens = 300, kHeads = 14, kKeys = 2, kWidth = 64, kHidden = 896;
  const at::Tensor angles = at::randn({512, kWidth / 2});
  const RopeTable table{angles.cos().to(device("cuda")), angles.sin().to(device("cuda"))};
  const at::Tensor positions = at::randn({kTokens}).abs().mul(100).clamp(0, 511).to(at::kInt).to(device("cuda"));
  const std::vector<std::int64_t> heads{kHeads, kKeys, kKeys};
  for (const bool biased : {true, false}) {
    std::vector<at::Tensor> w, b, w2, b2;
    for (std::uint32_t i = 0; i < 3; ++i) {
      w.push_back(random_on_gpu({heads[i] * kWidth, kHidden}, i, 0.03, type).requires_grad_(true));
      w2.push_back(w[i].detach().clone().requires_grad_(true));
      if (!biased) continue;
      b.push_back(random_on_gpu({heads[i] * kWidth}, 10 + i, 1.0, type).requires_grad_(true));
      b2.push_back(b[i].detach().clone().requires_grad_(true));
    }
    at::Tensor x = random_on_gpu({kTokens, kHidden}, 20, 1.0, type).requires_grad_(true);
    at::Tensor x2 = x.detach().clone().requires_grad_(true);
    ASSERT_FALSE(qkv_rope(x2, {w2, b2}, positions, table));
    stack({&w2[0], &w2[1], &w2[2]});
    if (biased) stack({&b2[0], &b2[1], &b2[2]});
    const auto got = qkv_rope(x2, {w2, b2}, positions, table);
    ASSERT_TRUE(got);
    const std::vector<at::Tensor> outputs{got->q, got->k, got->v};
    for (std::uint32_t i = 0; i < 3; ++i) {
      at::Tensor want = linear(x, LinearWeight{w[i]});
      if (biased) want = want + b[i];
      want = want.view({kTokens, heads[i], kWidth});
      if (i < 2) want = rope_halves(want, positions, table);
      EXPECT_LT(error(outputs[i], want), tolerance) << i;
      if (type == at::kBFloat16) {
        EXPECT_TRUE(outputs[i].equal(want)) << i;
      }
      const at::Tensor dout = random_on_gpu(want.sizes(), 30 + i, 1.0, type);
      want.backward(dout);
      outputs[i].backward(dout, /*retain_graph=*/true);  // each alone: the others' gradients are absent, so zero
    }
    EXPECT_LT(error(x2.grad(), x.grad()), 3 * tolerance);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_LT(error(w2[i].grad(), w[i].grad()), tolerance) << i;
      if (biased) {
        EXPECT_LT(error(b2[i].grad(), b[i].grad()), tolerance) << i;
      }
    }
  }
}

TEST(CudaMoe, GradientsAreTheReferences) {
  R1_NEEDS_CUDA();
  constexpr std::int64_t kTokens = 200, kExperts = 8, kTop = 3, kHidden = 128, kInner = 64;
  std::vector<std::vector<at::Tensor>> gradients;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {  // float32 takes the plain composition
    at::Tensor x = random_on_gpu({kTokens, kHidden}, 1, 1.0, at::kBFloat16).to(type).requires_grad_(true);
    at::Tensor up = random_on_gpu({kExperts, 2 * kInner, kHidden}, 2, 0.1, at::kBFloat16).to(type).requires_grad_(true);
    at::Tensor down = random_on_gpu({kExperts, kHidden, kInner}, 3, 0.1, at::kBFloat16).to(type).requires_grad_(true);
    at::Tensor logits = random_on_gpu({kTokens, kExperts}, 4, 1.0, at::kFloat).requires_grad_(true);
    const Routing routing = route(logits, {}, {.experts = kExperts, .top_k = kTop});
    const at::Tensor out = moe_experts(x, routing, LinearWeight{up}, LinearWeight{down});
    out.backward(random_on_gpu({kTokens, kHidden}, 5, 1.0, at::kBFloat16).to(type));
    gradients.push_back({out, x.grad(), up.grad(), down.grad(), logits.grad()});
  }
  for (std::size_t i = 0; i < 5; ++i) EXPECT_LT(error(gradients[1][i], gradients[0][i]), 1.5e-2) << i;
}

TEST(CudaLogprob, IsTheFormulasForRowsOfOneAndOfManyParts) {
  R1_NEEDS_CUDA();
  constexpr std::int64_t kRows = 5;
  for (const std::int64_t vocab : {3, 40, 4097, 49152, 151936, 300001}) {
    const at::Tensor logits = random_on_gpu({kRows, vocab}, 1, 3.0, at::kFloat);
    const at::Tensor targets = at::zeros({kRows}, at::TensorOptions().dtype(at::kLong));
    for (std::int64_t i = 0; i < kRows; ++i) targets.mutable_data_ptr<std::int64_t>()[i] = (vocab - 1) * i / kRows;
    targets.mutable_data_ptr<std::int64_t>()[2] = -1;  // a row without a target
    const at::Tensor on_gpu = targets.to(logits.device());
    const auto forward = [&](const at::Tensor& gradient) {
      std::vector<at::Tensor> out{at::empty({kRows}, logits.options()), at::empty({kRows}, logits.options()),
                                  at::empty({kRows}, logits.options())};
      kernels_on(logits).logprob_gradient({.forward = {.rows = kRows,
                                                       .vocab = vocab,
                                                       .logits = logits.const_data_ptr<float>(),
                                                       .stride = vocab,
                                                       .targets = on_gpu.const_data_ptr<std::int64_t>(),
                                                       .temperature = 0.7f,
                                                       .logp = out[0].mutable_data_ptr<float>(),
                                                       .entropy = out[1].mutable_data_ptr<float>(),
                                                       .lse = out[2].mutable_data_ptr<float>()},
                                           .gradient = gradient.defined() ? gradient.mutable_data_ptr() : nullptr});
      return out;
    };
    const at::Tensor gradient = at::empty({kRows, vocab}, logits.options().dtype(at::kBFloat16));
    const std::vector<at::Tensor> with = forward(gradient), without = forward({});
    const at::Tensor z = logits.cpu().to(at::kDouble) / 0.7, logp = at::log_softmax(z, 1), p = logp.exp();
    const at::Tensor has = targets.ge(0), row = targets.clamp_min(0).unsqueeze(1);
    EXPECT_LT(error(with[0].cpu(), logp.gather(1, row).squeeze(1) * has), 2e-6) << vocab;
    EXPECT_LT(error(with[1].cpu(), -(p * logp).sum(1)), 5e-6) << vocab;
    EXPECT_LT(error(with[2].cpu(), at::logsumexp(z, 1)), 2e-6) << vocab;
    const at::Tensor one_hot = at::zeros_like(p).scatter(1, row, 1.0);
    EXPECT_LT(error(gradient.cpu(), (one_hot - p) / 0.7 * has.unsqueeze(1)), 4e-3) << vocab;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(with[i].equal(without[i])) << vocab;
  }
}

TEST(CudaAdamW, SplitMastersAreTheCpusWholeOnes) {
  R1_NEEDS_CUDA();
  for (const std::int64_t count : {5003, 64}) {
    const at::TensorOptions f32 = at::TensorOptions().dtype(at::kFloat);
    const at::Tensor gpu = random_on_gpu({count}, 0, 1.0, at::kBFloat16), cpu = gpu.cpu();
    const AdamWState split{at::zeros({count}, gpu.options().dtype(at::kShort)),
                           at::zeros({count}, gpu.options().dtype(at::kFloat)),
                           at::zeros({count}, gpu.options().dtype(at::kFloat))};
    const AdamWState whole{cpu.to(at::kFloat), at::zeros({count}, f32), at::zeros({count}, f32)};
    for (std::uint32_t t = 1; t <= 30; ++t) {
      const at::Tensor gradient = random_on_gpu({count}, t, 1.0, at::kBFloat16);
      const AdamWScalars s{.learning_rate = 1e-3,
                           .weight_decay = 0.1,
                           .bias_correction1 = 1.0 - std::pow(0.9, t),
                           .bias_correction2 = 1.0 - std::pow(0.95, t),
                           .gradient_scale = 0.5};
      adamw(gpu, gradient, split, s);
      adamw(cpu, gradient.cpu(), whole, s);
    }
    EXPECT_LT(error(whole_master(gpu, split.master).cpu(), whole.master), 1e-6);
    EXPECT_LT(error(gpu.cpu(), cpu), 1e-4);
  }
}

TEST(CudaNorm, IsTheCpus) {
  R1_NEEDS_CUDA();
  for (const std::int64_t count : {1, 8, 1023, 300007})
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const at::Tensor x = random_on_gpu({count}, 1, 1.0, type);
      const double want = squared_norm(x.cpu());
      EXPECT_NEAR(squared_norm(x), want, 1e-5 * want) << count;
    }
}

}  // namespace
}  // namespace r1::tensor
