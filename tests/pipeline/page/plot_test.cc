// Ticks, numbers, escaping, and where a curve's points land.
#include "r1/pipeline/page/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "r1/core/error.h"

namespace r1::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RoundTicks, SpanTheRangeInRoundSteps) {
  EXPECT_THAT(round_ticks(0, 1, 4), ElementsAre(0, 0.2, 0.4, ::testing::DoubleEq(0.6), 0.8, 1.0));
  EXPECT_THAT(round_ticks(0, 50, 5), ElementsAre(0, 10, 20, 30, 40, 50));
  EXPECT_THAT(round_ticks(-3, 7, 4), ElementsAre(-4, -2, 0, 2, 4, 6, 8));
  for (const double scale : {1e-9, 1e-3, 1.0, 1e6}) {
    const std::vector<double> ticks = round_ticks(1.3 * scale, 2.9 * scale, 4);
    EXPECT_LE(ticks.front(), 1.3 * scale);
    EXPECT_GE(ticks.back(), 2.9 * scale * (1 - 1e-9));
    EXPECT_LE(ticks.size(), 8U);
  }
}

TEST(ShortNumber, KeepsThreeDigits) {
  EXPECT_EQ(short_number(0.93214), "0.932");
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(1234), "1234");
  EXPECT_EQ(short_number(12345), "12.3k");
  EXPECT_EQ(short_number(6123456), "6.12M");
  EXPECT_EQ(short_number(3.41e13), "34.1T");
  EXPECT_EQ(short_number(-2e9), "-2G");
  EXPECT_EQ(short_number(1e-5), "1e-05");
  EXPECT_EQ(short_number(std::numeric_limits<double>::quiet_NaN()), "–");
}

TEST(EscapeHtml, FiveCharacters) { EXPECT_EQ(escape_html("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;"); }

TEST(DrawPlot, PutsEndsOnTheAxes) {
  const std::string svg = draw_plot({.title = "t", .points = {{0, 0}, {10, 1}}, .y_low = 0, .y_high = 1});
  EXPECT_THAT(svg, HasSubstr("points=\"46.0,186.0 388.0,10.0 \""));  // left bottom, right top of the frame
  EXPECT_THAT(svg, Not(HasSubstr("class=\"raw\"")));                 // too short for a running mean
}

TEST(DrawPlot, LongCurvesAreThinnedAndSmoothed) {
  Plot plot{.title = "t", .points = {}, .y_low = 0, .y_high = 0};
  for (int i = 0; i < 5000; ++i) plot.points.emplace_back(i, i % 2);
  const std::string svg = draw_plot(plot);
  EXPECT_THAT(svg, HasSubstr("class=\"raw\""));
  EXPECT_LT(svg.size(), 12000U);
}

TEST(DrawPlot, OnePointAndConstantCurvesHaveAFrame) {
  EXPECT_THAT(draw_plot({.title = "t", .points = {{3, 0}}, .y_low = 0, .y_high = 0}), HasSubstr("<circle"));
  EXPECT_THAT(draw_plot({.title = "t", .points = {{1, 2}, {2, 2}}, .y_low = 0, .y_high = 0}), Not(HasSubstr("nan")));
  EXPECT_THROW(draw_plot({.title = "t", .points = {}, .y_low = 0, .y_high = 0}), Error);
}

}  // namespace
}  // namespace r1::pipeline
