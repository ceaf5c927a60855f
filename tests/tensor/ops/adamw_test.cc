// Float32 masters split into a bf16 parameter and what its lower bits add: nothing is lost, and the parameter is the
// nearest bf16.
#include "r1/tensor/ops/adamw.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "r1/core/rng.h"

namespace r1::tensor {
namespace {

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

/// Normal numbers of many sizes, and the corners of rounding: halves, carries into the exponent, zeros, denormals.
at::Tensor values() {
  std::vector<float> all;
  core::Rng rng({.seed = 3});
  for (int i = 0; i < 5000; ++i) all.push_back(static_cast<float>(rng.normal() * std::exp(8.0 * rng.normal())));
  for (const std::uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
    for (const std::uint32_t high : {0u, 1u, 0x007fu, 0x3f7fu, 0x3f80u, 0x3fffu, 0x7f00u})
      for (const std::uint32_t sign : {0u, 0x8000u}) all.push_back(from_bits((sign | high) << 16 | low));
  at::Tensor out = at::empty({static_cast<std::int64_t>(all.size())}, at::TensorOptions().dtype(at::kFloat));
  std::copy(all.begin(), all.end(), out.mutable_data_ptr<float>());
  return out;
}

TEST(SplitMaster, LosesNothing) {
  const at::NoGradGuard no_grad;
  const at::Tensor want = values();
  const at::Tensor parameter = at::zeros(want.sizes(), at::TensorOptions().dtype(at::kBFloat16));
  const at::Tensor master = at::zeros(want.sizes(), at::TensorOptions().dtype(at::kShort));
  set_master(parameter, master, want);
  EXPECT_TRUE(whole_master(parameter, master).view(at::kInt).equal(want.view(at::kInt)));
  const float *w = want.const_data_ptr<float>(), *nearest = nullptr;
  const at::Tensor rounded = parameter.to(at::kFloat);
  nearest = rounded.const_data_ptr<float>();
  for (std::int64_t i = 0; i < want.numel(); ++i)  // half a unit of 8 bits at most; denormals have units of their own
    EXPECT_LE(std::abs(nearest[i] - w[i]), std::max(std::abs(w[i]) / 256, from_bits(0x8000))) << w[i];
}

TEST(SplitMaster, OfAParameterThatNoUpdateHasTouchedIsTheParameter) {
  const at::Tensor parameter = values().to(at::kBFloat16);
  const at::Tensor master = at::zeros(parameter.sizes(), at::TensorOptions().dtype(at::kShort));
  EXPECT_TRUE(whole_master(parameter, master).equal(parameter.to(at::kFloat)));
}

}  // namespace
}  // namespace r1::tensor
