// Layout in the units of the viewBox. Long curves are averaged in bins (their extremes may vanish: the raw values are
// in metrics.jsonl).
#include "r1/pipeline/page/plot.h"

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"

namespace r1::pipeline {

namespace {

// Units of the viewBox; the page scales it to its column.
constexpr double kWidth = 400, kHeight = 210;
constexpr double kLeft = 46, kRight = 12, kTop = 10, kBottom = 24;
constexpr std::size_t kMaxPoints = 240;

using Points = std::vector<std::pair<double, double>>;

struct Axes {
  double x_low, x_high, y_low, y_high;
  double x(double value) const { return kLeft + (value - x_low) / (x_high - x_low) * (kWidth - kLeft - kRight); }
  double y(double value) const {
    return kHeight - kBottom - (value - y_low) / (y_high - y_low) * (kHeight - kTop - kBottom);
  }
};

Points thinned(const Points& points) {
  if (points.size() <= kMaxPoints) return points;
  Points out;
  for (std::size_t bin = 0; bin < kMaxPoints; ++bin) {
    const std::size_t begin = bin * points.size() / kMaxPoints, end = (bin + 1) * points.size() / kMaxPoints;
    double x = 0, y = 0;
    for (std::size_t i = begin; i < end; ++i) x += points[i].first, y += points[i].second;
    const auto count = static_cast<double>(end - begin);
    out.emplace_back(x / count, y / count);
  }
  return out;
}

/// Mean over a centred window of about a tenth of the curve.
Points running_mean(const Points& points) {
  const auto n = static_cast<std::int64_t>(points.size());
  const std::int64_t half = std::max<std::int64_t>(1, n / 20);
  Points out;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t reach = std::min({half, i, n - 1 - i});  // symmetric, so that ends are not pulled inwards
    double sum = 0;
    for (std::int64_t j = i - reach; j <= i + reach; ++j) sum += points[static_cast<std::size_t>(j)].second;
    out.emplace_back(points[static_cast<std::size_t>(i)].first, sum / static_cast<double>(2 * reach + 1));
  }
  return out;
}

Axes axes_of(const Points& points, const Plot& plot) {
  Axes axes{points.front().first, points.back().first, points.front().second, points.front().second};
  for (const auto& [x, y] : points) {
    axes.y_low = std::min(axes.y_low, y);
    axes.y_high = std::max(axes.y_high, y);
  }
  if (plot.y_low < plot.y_high) {
    axes.y_low = std::min(axes.y_low, plot.y_low);
    axes.y_high = std::max(axes.y_high, plot.y_high);
  }
  if (axes.x_low == axes.x_high) axes.x_low -= 1, axes.x_high += 1;
  if (axes.y_low == axes.y_high) {
    axes.y_high += axes.y_high == 0 ? 1 : std::abs(axes.y_high) * 0.1;
    if (axes.y_low > 0) axes.y_low -= axes.y_low * 0.1;
  }
  const std::vector<double> ticks = round_ticks(axes.y_low, axes.y_high, 4);
  axes.y_low = std::min(axes.y_low, ticks.front());
  axes.y_high = std::max(axes.y_high, ticks.back());
  return axes;
}

std::string polyline(const Points& points, const Axes& axes, const char* css) {
  std::string out = fmt::format("<polyline class=\"{}\" points=\"", css);
  for (const auto& [x, y] : points) out += fmt::format("{:.1f},{:.1f} ", axes.x(x), axes.y(y));
  return out + "\"/>";
}

std::string grid(const Axes& axes) {
  std::string out;
  for (const double tick : round_ticks(axes.y_low, axes.y_high, 4)) {
    if (tick < axes.y_low || tick > axes.y_high) continue;
    const double y = axes.y(tick);
    out += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", kLeft, kWidth - kRight,
                       y, y);
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6, y + 3.5,
                       short_number(tick));
  }
  for (const double tick : round_ticks(axes.x_low, axes.x_high, 5)) {
    if (tick < axes.x_low || tick > axes.x_high || tick != std::floor(tick)) continue;
    const double x = axes.x(tick);
    const std::string label = short_number(tick);
    const bool fits = x + 3.5 * static_cast<double>(label.size()) < kWidth;  // a digit is about 7 wide
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", fits ? x : kWidth, kHeight - 7,
                       fits ? "middle" : "end", label);
  }
  return out;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  R1_CHECK(low < high && count > 0, "no ticks between {} and {}", low, high);
  const double rough = (high - low) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0})
    if (std::abs(factor * power - rough) < std::abs(step - rough)) step = factor * power;
  std::vector<double> ticks;
  const auto first = static_cast<std::int64_t>(std::floor(low / step + 1e-9));
  for (std::int64_t i = first;; ++i) {
    ticks.push_back(static_cast<double>(i) * step);
    if (ticks.back() >= high - step * 1e-9) return ticks;
  }
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  for (const auto& [unit, letter] :
       {std::pair(1e15, 'P'), std::pair(1e12, 'T'), std::pair(1e9, 'G'), std::pair(1e6, 'M')})
    if (size >= unit) return fmt::format("{:.3g}{}", value / unit, letter);
  if (size >= 1e4) return fmt::format("{:.3g}k", value / 1e3);
  if (size >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string draw_plot(const Plot& plot) {
  R1_CHECK(!plot.points.empty(), "the plot \"{}\" has no points", plot.title);
  const Points points = thinned(plot.points);
  const Axes axes = axes_of(points, plot);
  const std::string last = short_number(plot.points.back().second);
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}: last value {}\">", kWidth,
                                kHeight, escape_html(plot.title), last);
  out += grid(axes);
  if (plot.mark)
    out += fmt::format("<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>", axes.x(*plot.mark),
                       kTop, kHeight - kBottom);
  const bool smooth = points.size() > 20;
  out += polyline(points, axes, smooth ? "raw" : "mean");
  if (smooth) out += polyline(running_mean(points), axes, "mean");
  if (points.size() == 1)
    out += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", axes.x(points[0].first),
                       axes.y(points[0].second));
  return out + "</svg>";
}

}  // namespace r1::pipeline
