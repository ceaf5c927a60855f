// Group-relative advantages (advantage.h).
#include "r1/rl/advantage.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "r1/core/error.h"

namespace r1::rl {

double mean(const std::vector<double>& values) {
  return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(const std::vector<double>& values, std::int64_t ddof) {
  const auto count = static_cast<std::int64_t>(values.size());
  if (count <= ddof) return 0.0;
  const double center = mean(values);
  double sum = 0.0;
  for (const double v : values) sum += (v - center) * (v - center);
  return std::sqrt(sum / static_cast<double>(count - ddof));
}

std::vector<double> group_advantages(const std::vector<double>& rewards, std::int64_t group_size,
                                     const AdvantageConfig& config) {
  const auto size = static_cast<std::size_t>(group_size);
  R1_CHECK(size > 0 && rewards.size() % size == 0, "{} rewards are no groups of {}", rewards.size(), group_size);
  const double batch_std = config.std == "batch" ? standard_deviation(rewards, config.ddof) : 0.0;
  std::vector<double> out;
  for (std::size_t begin = 0; begin < rewards.size(); begin += size) {
    const std::vector<double> group(rewards.begin() + static_cast<std::ptrdiff_t>(begin),
                                    rewards.begin() + static_cast<std::ptrdiff_t>(begin + size));
    const double center = mean(group);
    double spread = 1.0;
    if (config.std == "group") spread = standard_deviation(group, config.ddof) + config.eps;
    if (config.std == "batch") spread = batch_std + config.eps;
    for (const double r : group) out.push_back((r - center) / spread);
  }
  return out;
}

double zero_std_share(const std::vector<double>& rewards, std::int64_t group_size) {
  const auto size = static_cast<std::size_t>(group_size);
  std::size_t groups = 0, equal = 0;
  for (std::size_t begin = 0; begin + size <= rewards.size(); begin += size) {
    ++groups;
    const auto first = rewards.begin() + static_cast<std::ptrdiff_t>(begin);
    if (std::all_of(first, first + static_cast<std::ptrdiff_t>(size), [&](double r) { return r == *first; })) ++equal;
  }
  return groups == 0 ? 0.0 : static_cast<double>(equal) / static_cast<double>(groups);
}

}  // namespace r1::rl
