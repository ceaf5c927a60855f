// Stage eval's figures: base and final model on held-out problems, by family and level, and their answers side by side.
#include <fmt/format.h>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

/// The group of `groups` for the same family (and level) as `wanted`.
const Json& same_group(const Json& groups, const Json& wanted) {
  static const Json kNone = Json::object();
  for (const Json& group : groups)
    if (group["family"] == wanted["family"] && group.value("level", 0) == wanted.value("level", 0)) return group;
  return kNone;
}

std::string family_row(const Json& before, const Json& after, const std::string& label, const char* css) {
  auto interval = [](const Json& estimate) {
    return estimate.is_object() ? fmt::format("{}–{}", percent(estimate["low"]), percent(estimate["high"])) : "–";
  };
  auto value = [](const Json& group, const char* key) {
    return group.contains(key) ? percent(group[key]["value"]) : std::string("–");
  };
  std::string out = fmt::format("<tr class=\"{}\"><td>{}</td>", css, escape_html(label));
  out += cell(plain(after["num_problems"])) + cell(value(before, "pass@1")) + cell(value(after, "pass@1"));
  out += cell(interval(after["pass@1"])) + cell(value(before, "lenient_accuracy")) +
         cell(value(after, "lenient_accuracy"));
  out += cell(before.contains("mean_tokens") ? plain(before["mean_tokens"]) : "–") + cell(plain(after["mean_tokens"]));
  return out + cell(after.contains("majority_share") ? percent(after["majority_share"]) : "") + "</tr>\n";
}

std::string answer(const Json& sample, const char* who) {
  const bool right = sample.contains("parts") && sample["parts"].value("accuracy", 0.0) == 1.0;
  return fmt::format(
      "<div><div class=\"who\"><span>{} · {} tokens</span><span class=\"{}\">{}</span></div><pre>{}</pre></div>", who,
      sample.value("num_tokens", 0), right ? "pass" : "fail", right ? "✓ right" : "✗ wrong",
      escape_html(sample.value("completion", "")));
}

}  // namespace

std::string family_table(const ReportData& data) {
  if (!data.eval.is_object()) return "";
  const Json &before = data.eval["before"], &after = data.eval["after"];
  std::string out =
      "<h2>Held-out problems by family and level</h2>\n<p class=\"soft small\">Greedy answers to problems that are in "
      "no training text. Families whose commonest answer alone scores above the threshold are shown in grey and left "
      "out of the "
      "headline."
      "</p>\n<div class=\"scroll\"><table><thead><tr><th>family</th><th class=\"n\">problems</th><th "
      "class=\"n\">base</th>"
      "<th class=\"n\">after RL</th><th class=\"n\">95% interval</th><th class=\"n\">lenient base</th>"
      "<th class=\"n\">lenient after</th><th class=\"n\">tokens base</th><th class=\"n\">tokens after</th>"
      "<th class=\"n\">majority answer</th></tr></thead><tbody>\n";
  out += family_row(before["headline"], after["headline"], "all (headline)", "");
  for (const Json& family : after["families"]) {
    const bool shown = family.value("in_headline", true);
    out += family_row(same_group(before["families"], family), family, family["family"].get<std::string>(),
                      shown ? "" : "out");
    for (const Json& level : after["levels"])
      if (level["family"] == family["family"])
        out += family_row(same_group(before["levels"], level), level,
                          fmt::format("level {}", level["level"].get<std::int64_t>()), shown ? "sub" : "sub out");
  }
  return out + "</tbody></table></div>\n";
}

std::string before_and_after(const ReportData& data) {
  if (!data.eval.is_object()) return "";
  std::string out = "<h2>The same problems before and after</h2>\n<div class=\"samples\">\n";
  for (const Json& sample : data.eval["samples"]) {
    const Json& before = sample["before"];
    out += fmt::format(
        "<article class=\"sample\"><div class=\"ask\"><pre>{}</pre><span class=\"soft small\">{}, level {} · answer {}"
        "</span></div>",
        escape_html(before.value("prompt", "")), escape_html(before.value("family", "")), before.value("level", 0),
        escape_html(before.value("answer", "")));
    out += "<div class=\"pair\">" + answer(before, "base") + answer(sample["after"], "after RL") + "</div></article>\n";
  }
  return out + "</div>\n";
}

}  // namespace r1::pipeline
