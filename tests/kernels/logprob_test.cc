// Log-probabilities, entropy and their gradients against double arithmetic, extreme logits included.
#include "r1/kernels/logprob.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/kernels/random.h"

namespace r1::kernels {
namespace {

struct Exact {
  double logp = 0.0, entropy = 0.0;
  std::vector<double> p;
};

Exact exact(const std::vector<float>& logits, std::size_t target, double temperature) {
  double top = -1e300, sum = 0.0;
  for (const float x : logits) top = std::max(top, x / temperature);
  for (const float x : logits) sum += std::exp(x / temperature - top);
  Exact e;
  for (const float x : logits) {
    e.p.push_back(std::exp(x / temperature - top) / sum);
    if (e.p.back() > 0.0) e.entropy -= e.p.back() * std::log(e.p.back());
  }
  e.logp = logits[target] / temperature - top - std::log(sum);
  return e;
}

TEST(Logprob, ValuesAndGradients) {
  for (const float scale : {1.0f, 30.0f}) {
    const auto logits = testing::random_floats(83, 5, scale);
    const std::int64_t target = 17;
    const float temperature = 0.8f, dlogp = 1.5f, dentropy = -0.7f;
    float logp = 0, entropy = 0, lse = 0;
    logprob({.rows = 1,
             .vocab = 83,
             .logits = logits.data(),
             .stride = 83,
             .targets = &target,
             .temperature = temperature,
             .logp = &logp,
             .entropy = &entropy,
             .lse = &lse});
    const Exact e = exact(logits, 17, 0.8);
    EXPECT_NEAR(logp, e.logp, 1e-5 * (1.0 + std::abs(e.logp)));
    EXPECT_NEAR(entropy, e.entropy, 1e-5);
    auto gradient = logits;
    logprob_backward({.rows = 1,
                      .vocab = 83,
                      .logits = gradient.data(),
                      .stride = 83,
                      .targets = &target,
                      .temperature = temperature,
                      .lse = &lse,
                      .entropy = &entropy,
                      .dlogp = &dlogp,
                      .dentropy = &dentropy});
    for (std::size_t j = 0; j < 83; ++j) {
      const double log_p = e.p[j] > 0.0 ? std::log(e.p[j]) : 0.0;
      const double want = (1.5 * ((j == 17) - e.p[j]) + 0.7 * e.p[j] * (log_p + e.entropy)) / 0.8;
      EXPECT_NEAR(gradient[j], want, 2e-5) << j;
    }
  }
}

TEST(Logprob, IgnoredTargetsGiveZero) {
  const auto logits = testing::random_floats(40, 6);
  const std::int64_t target = -1;
  float logp = 1, lse = 0, dlogp = 3;
  logprob(
      {.rows = 1, .vocab = 40, .logits = logits.data(), .stride = 40, .targets = &target, .logp = &logp, .lse = &lse});
  EXPECT_EQ(logp, 0.0f);
  auto gradient = logits;
  logprob_backward({.rows = 1,
                    .vocab = 40,
                    .logits = gradient.data(),
                    .stride = 40,
                    .targets = &target,
                    .lse = &lse,
                    .dlogp = &dlogp});
  for (const float g : gradient) EXPECT_EQ(g, 0.0f);
}

}  // namespace
}  // namespace r1::kernels
