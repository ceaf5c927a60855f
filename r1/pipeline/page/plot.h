// A line plot as inline SVG: one curve, its running mean, axes with round ticks. Colours come from the page's style
// sheet, so the same SVG is right in light and dark. No scripts.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace r1::pipeline {

struct Plot {
  std::string title;
  std::vector<std::pair<double, double>> points;   // x ascending, finite
  double y_low = 0.0;                              // the axis reaches at least from y_low ...
  double y_high = 0.0;                             // ... to y_high; equal: from the points alone
  std::optional<double> mark = std::nullopt;       // x of a vertical line
};

/// <svg>...</svg>. Long curves are thinned to bins of equal width. Error without points.
std::string draw_plot(const Plot& plot);

/// Round numbers that span [low, high] in about `count` steps.
std::vector<double> round_ticks(double low, double high, int count);

/// & < > " ' as entities: text for HTML and SVG.
std::string escape_html(const std::string& text);

/// A short form of a number: 0.932, 12.4, 12.3k, 6.1M, 34.1T, 1e-05.
std::string short_number(double value);

}  // namespace r1::pipeline
