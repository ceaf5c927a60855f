// Small pieces of HTML and forms of numbers (sections.h); plot.h has the rest.
#include <fmt/format.h>

#include <cmath>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

std::string percent(const nlohmann::ordered_json& value) {
  return value.is_number() ? fmt::format("{:.1f}%", 100 * value.get<double>()) : "–";
}

std::string plain(const nlohmann::ordered_json& value) {
  return value.is_number() ? short_number(value.get<double>()) : "–";
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string cell(const std::string& html, const std::string& css, const std::string& title) {
  const std::string tip = title.empty() ? "" : fmt::format(" title=\"{}\"", escape_html(title));
  return fmt::format("<td{}{}>{}</td>", css.empty() ? "" : fmt::format(" class=\"{}\"", css), tip, html);
}

std::string result(const Check& check) {
  if (check.target.empty()) return "<span class=\"soft\">shown</span>";
  return check.pass ? "<span class=\"pass\">✓ pass</span>" : "<span class=\"fail\">✗ fail</span>";
}

std::string scroll_table(const std::string& header, const std::string& rows, const std::string& css) {
  return fmt::format("<div class=\"scroll{}\"><table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table></div>\n",
                     css.empty() ? "" : " " + css, header, rows);
}

}  // namespace r1::pipeline
