// The graph of lineage_graph.h as inline SVG: columns by depth, the main line on top, arcs for what skips a column.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "r1/pipeline/page/lineage_graph.h"
#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

constexpr double kBoxWidth = 76, kBoxHeight = 56, kColumn = 95, kRow = 92, kMargin = 8;
constexpr double kArcBase = 8, kArcStep = 8;  // an arc's height grows with the columns it spans
constexpr std::size_t kLine = 12;             // letters that fit into a box

struct Layout {
  const LineageGraph& graph;
  double top = 0;  // of row 0: arcs lie above it

  double left(const LineageNode& n) const { return kMargin + static_cast<double>(n.column) * kColumn; }
  double centre(const LineageNode& n) const { return left(n) + kBoxWidth / 2; }
  double right(const LineageNode& n) const { return left(n) + kBoxWidth; }
  double upper(const LineageNode& n) const { return top + static_cast<double>(n.row) * kRow; }
  double middle(const LineageNode& n) const { return upper(n) + kBoxHeight / 2; }
  double lower(const LineageNode& n) const { return upper(n) + kBoxHeight; }
};

double span(const LineageNode& from, const LineageNode& to) { return static_cast<double>(to.column - from.column); }

double arc_height(double columns) { return kArcBase + kArcStep * columns; }

/// "rejection_sampling" -> {"rejection", "sampling"}.
std::vector<std::string> label_lines(const std::string& stage) {
  std::vector<std::string> lines(1);
  for (std::size_t begin = 0; begin <= stage.size();) {
    const std::size_t end = std::min(stage.find('_', begin), stage.size());
    const std::string word = stage.substr(begin, end - begin);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > kLine && lines.size() < 2)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return lines;
}

std::string box(const Layout& layout, const LineageNode& node) {
  const double x = layout.left(node), y = layout.upper(node), centre = layout.centre(node);
  std::string reads;
  for (const std::string& stage : node.reads) reads += (reads.empty() ? "; reads from " : ", ") + stage;
  std::string out = fmt::format(
      "<g><title>{}: {}{}</title><rect class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
      escape_html(node.stage), duration(node.seconds), escape_html(reads), x, y, kBoxWidth, kBoxHeight);
  const std::vector<std::string> lines = label_lines(node.stage);
  double baseline = y + (lines.size() == 1 ? 25 : 18);
  for (const std::string& line : lines) {
    out += fmt::format("<text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", centre, baseline,
                       escape_html(line));
    baseline += 13;
  }
  return out + fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text></g>\n", centre, y + kBoxHeight - 9,
                           duration(node.seconds));
}

/// Neighbours: straight or a gentle S. Others: over row 0, under the other rows, or along the lower of two rows.
std::string way(const Layout& l, const LineageNode& from, const LineageNode& to) {
  const double x1 = l.right(from), y1 = l.middle(from), x2 = l.left(to) - 2, y2 = l.middle(to), mid = (x1 + x2) / 2;
  if (span(from, to) <= 1) return fmt::format("M{},{} C{},{} {},{} {},{}", x1, y1, mid, y1, mid, y2, x2, y2);
  const double out = l.centre(from) + 10, in = l.centre(to) - 10, rise = std::round(4 * arc_height(span(from, to)) / 3);
  if (from.row == to.row) {
    const bool above = from.row == 0;
    const double a = above ? l.upper(from) : l.lower(from), b = above ? l.upper(to) - 2 : l.lower(to) + 2;
    const double turn = above ? a - rise : a + rise;
    return fmt::format("M{},{} C{},{} {},{} {},{}", out, a, out, turn, in, turn, in, b);
  }
  if (from.row > to.row) return fmt::format("M{},{} H{} Q{},{} {},{}", x1, y1, in - 30, in, y1, in, l.lower(to) + 2);
  return fmt::format("M{},{} V{} Q{},{} {},{} H{}", out, l.lower(from), y2 - 30, out, y2, out + 30, y2, x2);
}

std::string arrow_head(const char* id) {
  return fmt::format(
      "<marker id=\"{0}\" class=\"{0}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
      "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\"/></marker>",
      id);
}

}  // namespace

std::string lineage(const std::vector<Manifest>& stages) {
  const LineageGraph graph = lineage_graph(stages);
  if (graph.edges.empty()) return "";
  double widest = 0, columns = 0, rows = 0;
  bool lower_arc = false;
  for (const LineageEdge& edge : graph.edges) {
    const LineageNode &from = graph.nodes[edge.from], &to = graph.nodes[edge.to];
    if (span(from, to) > 1 && from.row == to.row) widest = std::max(widest, span(from, to));
    lower_arc = lower_arc || (span(from, to) > 1 && from.row == to.row && from.row > 0);
  }
  for (const LineageNode& node : graph.nodes) {
    columns = std::max(columns, static_cast<double>(node.column + 1));
    rows = std::max(rows, static_cast<double>(node.row + 1));
  }
  const double arcs = widest > 0 ? arc_height(widest) : 0;
  const Layout layout{graph, kMargin + arcs};
  const double width = 2 * kMargin + (columns - 1) * kColumn + kBoxWidth;
  const double height = layout.top + (rows - 1) * kRow + kBoxHeight + kMargin + (lower_arc ? arcs : 0);
  std::string out = fmt::format(
      "<h2>Lineage</h2>\n<p class=\"soft small\">What each stage reads from others, by its manifest; blue where it is "
      "a "
      "model. Arrows that follow from others are left out, but for those from the weights a training starts from.</p>\n"
      "<div class=\"scroll\"><svg class=\"lineage\" style=\"width:{0}px\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "aria-label=\"graph of the stages\"><defs>{2}{3}</defs>\n",
      width, height, arrow_head("hands-data"), arrow_head("hands-model"));
  for (const LineageEdge& edge : graph.edges) {
    const char* css = edge.model ? "hands-model" : "hands-data";
    out += fmt::format("<path class=\"{0}\" d=\"{1}\" marker-end=\"url(#{0})\"/>\n", css,
                       way(layout, graph.nodes[edge.from], graph.nodes[edge.to]));
  }
  for (const LineageNode& node : graph.nodes) out += box(layout, node);
  return out + "</svg></div>\n";
}

}  // namespace r1::pipeline
