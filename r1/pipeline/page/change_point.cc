// Sums over prefixes give the error of the best line through any stretch in constant time, so all splits cost O(n).
#include "r1/pipeline/page/change_point.h"

#include <algorithm>

namespace r1::pipeline {

namespace {

constexpr std::size_t kFewest = 30, kFewestOfASide = 5;
constexpr double kLeftOver = 0.5;
constexpr double kRounding = 1e-12;  // relative to the squares that were subtracted from each other

using Points = std::vector<std::pair<double, double>>;

struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

  Sums operator-(const Sums& o) const { return {n - o.n, x - o.x, y - o.y, xx - o.xx, xy - o.xy, yy - o.yy}; }
  /// Squared error of the least-squares line.
  double error() const {
    const double sxx = xx - x * x / n, sxy = xy - x * y / n, syy = yy - y * y / n;
    const double error = sxx > 0 ? syy - sxy * sxy / sxx : syy;
    return std::max(error, 0.0);
  }
};

/// Of the first i points, for each i. Coordinates are taken from the means, so that little is lost in differences.
std::vector<Sums> prefix_sums(const Points& points) {
  double mean_x = 0, mean_y = 0;
  for (const auto& [x, y] : points) mean_x += x, mean_y += y;
  mean_x /= static_cast<double>(points.size());
  mean_y /= static_cast<double>(points.size());
  std::vector<Sums> sums(1);
  for (const auto& [x, y] : points) {
    const double u = x - mean_x, v = y - mean_y;
    const Sums& s = sums.back();
    sums.push_back({s.n + 1, s.x + u, s.y + v, s.xx + u * u, s.xy + u * v, s.yy + v * v});
  }
  return sums;
}

double mean_of(Points::const_iterator begin, Points::const_iterator end) {
  double sum = 0;
  for (auto it = begin; it != end; ++it) sum += it->second;
  return sum / static_cast<double>(end - begin);
}

}  // namespace

std::optional<ChangePoint> change_point(const Points& points) {
  const std::size_t n = points.size();
  if (n < kFewest) return std::nullopt;
  const std::vector<Sums> sums = prefix_sums(points);
  const std::size_t side = std::max(kFewestOfASide, n / 10);
  const double one_line = sums[n].error();
  if (one_line <= kRounding * sums[n].yy) return std::nullopt;  // straight but for rounding
  std::size_t best = side;
  double least = one_line;
  for (std::size_t i = side; i + side <= n; ++i) {
    const double error = sums[i].error() + (sums[n] - sums[i]).error();
    if (error < least) least = error, best = i;
  }
  if (least > kLeftOver * one_line) return std::nullopt;
  const auto split = points.begin() + static_cast<std::ptrdiff_t>(best);
  return ChangePoint{
      .x = split->first, .before = mean_of(points.begin(), split), .after = mean_of(split, points.end())};
}

}  // namespace r1::pipeline
