// Group-relative advantages (DeepSeekMath eq. 4.1.2; DeepSeek-R1 section 2.2): A = (r - mean of the group) / (std +
// eps).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::rl {

struct AdvantageConfig {
  std::string std = "group";  // group | batch (spread over all rewards, mean per group) | none (Dr. GRPO)
  double eps = 1e-4;
  std::int64_t ddof = 1;      // 1: sample standard deviation (TRL, verl), 0: population
};

/// rewards: groups of group_size one after another; the same order comes out.
std::vector<double> group_advantages(const std::vector<double>& rewards, std::int64_t group_size,
                                     const AdvantageConfig& config);

/// Share of groups whose rewards are all equal: they carry no signal.
double zero_std_share(const std::vector<double>& rewards, std::int64_t group_size);

double mean(const std::vector<double>& values);
/// Standard deviation with n - ddof in the denominator; 0 for fewer than ddof + 1 values.
double standard_deviation(const std::vector<double>& values, std::int64_t ddof);

}  // namespace r1::rl
