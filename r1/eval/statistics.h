// The statistics of evaluations: pass@k, bootstrap errors over problems, the share of the commonest answer. Problems
// are the unit that is resampled (samples of one problem are not independent). Plain numbers in, plain numbers out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace r1::eval {

/// Unbiased pass@k of one problem with n samples, c of them right (Chen et al. 2021): 1 - C(n-c, k) / C(n, k), as a
/// product so that nothing overflows. Error unless 0 <= c <= n and 1 <= k <= n.
double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k);

/// A mean with its bootstrap error and percentile interval. All NaN when there was nothing to average.
struct Estimate {
  double value = 0.0;
  double standard_error = 0.0;  // standard deviation (ddof 1) of the resampled means
  double low = 0.0;             // interval ends
  double high = 0.0;
};

struct BootstrapConfig {
  std::int64_t num_resamples = 1000;
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

/// Means over problems of several columns of equal length, all with the same resamples. Resample r draws with
/// Philox(seed, Bootstrap, step r): the same numbers on every machine.
std::vector<Estimate> bootstrap_means(std::span<const std::vector<double>> columns, const BootstrapConfig& config);

/// The same of one column.
Estimate bootstrap_mean(const std::vector<double>& values, const BootstrapConfig& config);

/// Mean of after - before, problem by problem (paired: what both find hard cancels). Error when the lengths differ.
Estimate bootstrap_difference(std::span<const double> before, std::span<const double> after,
                              const BootstrapConfig& config);

/// The share of the commonest of `answers`: what a model gets that always says it. An answer that occurs once is no
/// majority: 0 then, and for no answers.
double majority_share(std::vector<std::string> answers);

/// Linear interpolation between order statistics (R's type 7) of a sorted, non-empty list; q in [0, 1].
double quantile_of_sorted(std::span<const double> sorted, double q);

}  // namespace r1::eval
