// The same problems answered by every model of stage evaluate, side by side: cards that wrap, and on a narrow screen a
// row to be pushed sideways. The first problems are unfolded.
#include <fmt/format.h>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kUnfolded = 2;

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || !found->is_string() ? "" : escape_html(found->get<std::string>());
}

std::string answer_card(const Json& answer) {
  const auto right = answer.find("right");
  const bool is_right = right != answer.end() && right->is_boolean() && right->get<bool>();
  const Json language = answer.value("language", Json());
  return fmt::format(
      "<div class=\"card\"><div class=\"who\"><span><b>{}</b> · {} tokens{}</span><span class=\"{}\">{}</span></div>"
      "<pre>{}</pre></div>\n",
      text(answer, "model"), plain(answer.value("num_tokens", Json())),
      language.is_number() ? fmt::format(" · language {:.0f}%", 100 * language.get<double>()) : "",
      is_right ? "pass" : "fail", is_right ? "✓ right" : "✗ wrong", text(answer, "completion"));
}

}  // namespace

std::string model_samples(const ReportData& data) {
  if (!data.table.is_object() || !data.table.contains("samples") || data.table.at("samples").empty()) return "";
  std::string out = "<h2>The same problems, every model</h2>\n<div class=\"samples\">\n";
  int shown = 0;
  for (const Json& sample : data.table.at("samples")) {
    out += fmt::format(
        "<details class=\"sample\"{}><summary class=\"ask\"><pre>{}</pre><span class=\"soft small\">{}, level {} · "
        "answer {}</span></summary>\n<div class=\"cards\">\n",
        shown++ < kUnfolded ? " open" : "", text(sample, "prompt"), text(sample, "family"),
        plain(sample.value("level", Json())), text(sample, "answer"));
    for (const Json& answer : sample.at("answers")) out += answer_card(answer);
    out += "</div></details>\n";
  }
  return out + "</div>\n";
}

}  // namespace r1::pipeline
