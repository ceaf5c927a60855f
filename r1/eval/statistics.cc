// See statistics.h.
#include "r1/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "r1/core/error.h"
#include "r1/core/rng.h"

namespace r1::eval {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const double mean = mean_of(values);
  double sum = 0.0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

Estimate nothing() {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  return {kNaN, kNaN, kNaN, kNaN};
}

}  // namespace

double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k) {
  R1_CHECK(c >= 0 && c <= n && k >= 1 && k <= n, "pass@{} of {} right in {} samples", k, c, n);
  if (n - c < k) return 1.0;
  double miss = 1.0;
  for (std::int64_t i = n - c + 1; i <= n; ++i) miss *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  return 1.0 - miss;
}

std::vector<Estimate> bootstrap_means(std::span<const std::vector<double>> columns, const BootstrapConfig& config) {
  R1_CHECK(config.num_resamples >= 1 && config.confidence > 0.0 && config.confidence < 1.0,
           "bootstrap with {} resamples, confidence {}", config.num_resamples, config.confidence);
  if (columns.empty()) return {};
  const std::size_t n = columns.front().size();
  for (const auto& column : columns) R1_CHECK(column.size() == n, "columns of {} and {} problems", n, column.size());
  if (n == 0) return std::vector<Estimate>(columns.size(), nothing());

  const auto num_resamples = static_cast<std::size_t>(config.num_resamples);
  std::vector<std::vector<double>> means(columns.size(), std::vector<double>(num_resamples));
  std::vector<double> sums(columns.size());
  for (std::size_t r = 0; r < num_resamples; ++r) {
    core::Rng rng({.seed = config.seed, .purpose = core::Purpose::Bootstrap, .step = static_cast<std::uint32_t>(r)});
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t drawn = rng.below(n);
      for (std::size_t c = 0; c < columns.size(); ++c) sums[c] += columns[c][drawn];
    }
    for (std::size_t c = 0; c < columns.size(); ++c) means[c][r] = sums[c] / static_cast<double>(n);
  }
  std::vector<Estimate> out;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::sort(means[c].begin(), means[c].end());
    const double tail = (1.0 - config.confidence) / 2.0;
    out.push_back({mean_of(columns[c]), deviation_of(means[c]), quantile_of_sorted(means[c], tail),
                   quantile_of_sorted(means[c], 1.0 - tail)});
  }
  return out;
}

Estimate bootstrap_mean(const std::vector<double>& values, const BootstrapConfig& config) {
  return bootstrap_means({&values, 1}, config).front();
}

Estimate bootstrap_difference(std::span<const double> before, std::span<const double> after,
                              const BootstrapConfig& config) {
  R1_CHECK(before.size() == after.size(), "a paired difference of {} and {} problems", before.size(), after.size());
  std::vector<double> differences(before.size());
  for (std::size_t i = 0; i < before.size(); ++i) differences[i] = after[i] - before[i];
  return bootstrap_mean(differences, config);
}

double majority_share(std::vector<std::string> answers) {
  std::sort(answers.begin(), answers.end());
  std::size_t most = 0;
  for (std::size_t first = 0, i = 0; i < answers.size(); ++i) {
    if (answers[i] != answers[first]) first = i;
    most = std::max(most, i - first + 1);
  }
  return most < 2 ? 0.0 : static_cast<double>(most) / static_cast<double>(answers.size());
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  R1_CHECK(!sorted.empty() && q >= 0.0 && q <= 1.0, "quantile {} of {} values", q, sorted.size());
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace r1::eval
