// Where a curve changes its course: the best split into two straight lines by least squares. It describes a curve, and
// tests no hypothesis.
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace r1::pipeline {

struct ChangePoint {
  double x = 0.0;       // of the first point after the change
  double before = 0.0;  // mean of the points up to it
  double after = 0.0;   // mean of the points from it on
};

/// The split whose two lines, fitted apart, leave the least squared error. It is reported only where it explains the
/// curve well: the two lines leave at most half of the squared error that one line leaves. A steady rise has no change,
/// neither has noise. Each side holds at least a tenth of the points and five; under 30 points there is no change.
/// `points`: x ascending, finite.
std::optional<ChangePoint> change_point(const std::vector<std::pair<double, double>>& points);

}  // namespace r1::pipeline
