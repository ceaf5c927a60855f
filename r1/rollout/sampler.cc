// Sampling from logits (sampler.h).
#include "r1/rollout/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "r1/core/error.h"

namespace r1::rollout {

namespace {

/// The first token at which the running sum of mass passes `target`; rounding can't run past the last token with any
/// mass.
template <class MassAt>
std::int64_t walk(std::size_t count, double target, const MassAt& mass_at) {
  double sum = 0.0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double mass = mass_at(i);
    if (mass <= 0.0) continue;
    sum += mass;
    last = static_cast<std::int64_t>(i);
    if (sum > target) break;
  }
  return last;
}

}  // namespace

void validate(const SamplingConfig& c) {
  if (!(c.temperature >= 0.0)) user_error("sampling.temperature {}: it must be 0 (greedy) or more", c.temperature);
  if (c.top_k < 0) user_error("sampling.top_k {}: it must be 0 (off) or more", c.top_k);
  if (!(c.top_p > 0.0 && c.top_p <= 1.0)) user_error("sampling.top_p {}: it lies in (0, 1]", c.top_p);
  if (!(c.min_p >= 0.0 && c.min_p <= 1.0)) user_error("sampling.min_p {}: it lies in [0, 1]", c.min_p);
  if (c.max_new_tokens < 1) user_error("sampling.max_new_tokens {}: it must be 1 or more", c.max_new_tokens);
}

Choice Sampler::choose(std::span<float> probabilities, const SamplingConfig& config, double uniform,
                       std::span<const std::int32_t> banned) {
  double total = 1.0;
  for (const std::int32_t id : banned) {
    float& p = probabilities[static_cast<std::size_t>(id)];
    total -= p;
    p = 0.0f;
  }
  if (config.temperature == 0.0)
    return {std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin(), 0.0f};
  if (config.top_k > 0 || config.top_p < 1.0 || config.min_p > 0.0)
    return choose_filtered(probabilities, config, uniform);
  const std::int64_t token =
      walk(probabilities.size(), uniform * total, [&](std::size_t i) { return static_cast<double>(probabilities[i]); });
  return {token, banned.empty() ? 0.0f : static_cast<float>(std::log(std::max(1e-30, total)))};
}

Choice Sampler::choose_filtered(std::span<const float> probabilities, const SamplingConfig& config, double uniform) {
  order_.resize(probabilities.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(), [&](std::int32_t a, std::int32_t b) {
    return probabilities[static_cast<std::size_t>(a)] > probabilities[static_cast<std::size_t>(b)];
  });
  const auto probability = [&](std::size_t rank) {
    return static_cast<double>(probabilities[static_cast<std::size_t>(order_[rank])]);
  };
  std::size_t kept = order_.size();
  if (config.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(config.top_k));
  const double floor = config.min_p * probability(0);
  double mass = 0.0;
  std::size_t count = 0;
  while (count < kept && probability(count) >= floor && probability(count) > 0.0) {
    mass += probability(count++);
    if (config.top_p < 1.0 && mass >= config.top_p) break;
  }
  const std::int64_t rank = walk(count, uniform * mass, probability);
  return {order_[static_cast<std::size_t>(rank)], static_cast<float>(std::log(mass))};
}

}  // namespace r1::rollout
