// Rows of log-probabilities (logprob.h): maximum, sum of exponentials and entropy in one fixed lane order per row.
#include "r1/kernels/logprob.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

inline V16 load_or_lowest(const float* p, std::int64_t n) { return load_some(p, n, kLowest); }

void one_row(const LogprobArgs& a, std::int64_t i) {
  const float* x = a.logits + i * a.stride;
  const float scale = 1.0f / a.temperature;
  const V16 inverse = splat(scale);
  V16 top = splat(kLowest);
  for (std::int64_t j = 0; j < a.vocab; j += kLanes) top = vmax(top, load_or_lowest(x + j, a.vocab - j) * inverse);
  const float highest = max_lanes(top);
  V16 sums{}, weighted{};
  for (std::int64_t j = 0; j < a.vocab; j += kLanes) {
    const V16 z = load_or_lowest(x + j, a.vocab - j) * inverse - splat(highest);
    const V16 e = vexp(z);
    sums += e;
    weighted += zero_where_less(z, splat(kExpLowest), e * z);
  }
  const float sum = sum_lanes(sums);
  const float log_sum = std::log(sum);
  if (a.lse != nullptr) a.lse[i] = highest + log_sum;
  if (a.entropy != nullptr) a.entropy[i] = log_sum - sum_lanes(weighted) / sum;
  if (a.probabilities != nullptr) {
    float* p = a.probabilities + i * a.vocab;
    for (std::int64_t j = 0; j < a.vocab; j += kLanes)
      store_some(p + j, vexp(load_or_lowest(x + j, a.vocab - j) * inverse - splat(highest + log_sum)), a.vocab - j);
  }
  if (a.logp == nullptr) return;
  const std::int64_t target = a.targets[i];
  a.logp[i] = target < 0 ? 0.0f : (x[target] * scale - highest) - log_sum;
}

void one_row_backward(const LogprobBackwardArgs& a, std::int64_t i) {
  float* x = a.logits + i * a.stride;
  const float inverse = 1.0f / a.temperature;
  const float dlogp = a.targets[i] < 0 ? 0.0f : a.dlogp[i];
  const float dentropy = a.dentropy != nullptr ? a.dentropy[i] : 0.0f;
  const float entropy = dentropy != 0.0f ? a.entropy[i] : 0.0f;
  for (std::int64_t j = 0; j < a.vocab; j += kLanes) {
    const V16 log_p = load_or_lowest(x + j, a.vocab - j) * splat(inverse) - splat(a.lse[i]);
    const V16 p = vexp(log_p);
    V16 g = -splat(dlogp) * p;
    if (dentropy != 0.0f)
      g -= zero_where_less(log_p, splat(kExpLowest), splat(dentropy) * p * (log_p + splat(entropy)));
    store_some(x + j, g * splat(inverse), a.vocab - j);
  }
  if (a.targets[i] >= 0) x[a.targets[i]] += dlogp * inverse;
}

std::int64_t grain(std::int64_t vocab) { return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, vocab)); }

}  // namespace

void logprob(const LogprobArgs& args) {
  parallel_ranges(args.rows, grain(args.vocab), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) one_row(args, i);
  });
}

void logprob_backward(const LogprobBackwardArgs& args) {
  parallel_ranges(args.rows, grain(args.vocab), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) one_row_backward(args, i);
  });
}

}  // namespace r1::kernels::R1_ISA
