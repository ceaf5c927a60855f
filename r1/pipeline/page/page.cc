// Sections in the order in which one reads: verdict, key figures, curves, checks, families, samples, stages. Numbers
// are formatted here and in plot.cc only; no figure is computed.
#include "r1/pipeline/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "r1/pipeline/page/plot.h"

namespace r1::pipeline {

namespace {

using Json = nlohmann::ordered_json;

/// How a metric is titled and explained.
struct CurveText {
  const char* metric;
  const char* title;
  const char* note;
  double low, high;  // the axis spans at least this; equal: free
};

constexpr std::array<CurveText, 10> kTexts = {{
    {"reward", "Reward", "Mean over all samples of a step: accuracy plus format, as weighted by the recipe.", 0, 0},
    {"rewards/accuracy/mean", "Accuracy on training problems", "Share of sampled answers that are right.", 0, 1},
    {"rewards/format/mean", "Format rate", "Share of samples in the form think, then answer.", 0, 1},
    {"completions/mean_length", "Response length", "Mean tokens of a sample.", 0, 0},
    {"entropy", "Entropy", "Of the next-token distribution, in nats, mean over sampled tokens.", 0, 0},
    {"kl", "KL to the reference", "k3 estimate, mean over sampled tokens.", 0, 0},
    {"frac_reward_zero_std", "Groups without signal", "Share of groups whose samples all earned the same.", 0, 1},
    {"grad_norm", "Gradient norm", "Before clipping.", 0, 0},
    {"sampling/sampling_logp_difference/max", "Sampler against trainer",
     "Largest difference of log-probabilities; 0 means bit-equal.", 0, 0},
    {"loss", "Pre-training loss", "Nats a token, next-token prediction on the corpus.", 0, 0},
}};

std::string percent(const Json& value) {
  return value.is_number() ? fmt::format("{:.1f}%", 100 * value.get<double>()) : "–";
}

std::string plain(const Json& value) { return value.is_number() ? short_number(value.get<double>()) : "–"; }

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  return whole < 60 ? fmt::format("{:.1f} s", seconds) : fmt::format("{}:{:02} min", whole / 60, whole % 60);
}

std::string tile(const std::string& figure, const std::string& label) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", figure, label);
}

std::string tiles(const ReportData& data) {
  const Json& before = data.eval["before"]["headline"];
  const Json& after = data.eval["after"]["headline"];
  auto pair = [&](const char* key) { return percent(before[key]["value"]) + " → " + percent(after[key]["value"]); };
  std::string out = "<div class=\"tiles\">\n";
  out += tile(pair("pass@1"), "greedy pass@1, base → after RL");
  out += tile(pair("lenient_accuracy"), "lenient accuracy, tags ignored");
  out += tile(plain(before["mean_tokens"]) + " → " + plain(after["mean_tokens"]), "tokens an answer");
  if (data.eval["before_samples"].is_object())
    for (const auto& [key, estimate] : data.eval["before_samples"]["headline"].items())
      if (key == fmt::format("pass@{}", data.eval["before_samples"]["samples_per_problem"].get<std::int64_t>()))
        out += tile(percent(estimate["value"]), key + " of the base");
  for (const Check& check : data.checks) {
    if (check.name == "sampling_logp_difference_max")
      out += tile(short_number(check.value), "max sampler–trainer difference");
    if (check.name == "parameters") out += tile(short_number(check.value), "parameters");
  }
  out += tile(duration(data.seconds), "for all stages");
  return out + "</div>\n";
}

std::string check_table(const std::vector<Check>& checks) {
  std::string out =
      "<h2>Checks</h2>\n<div class=\"scroll checks\"><table><thead><tr><th>check</th><th class=\"n\">value</th>"
      "<th class=\"n\">target</th><th>result</th></tr></thead><tbody>\n";
  for (const Check& check : checks) {
    const char* result = check.target.empty() ? "<span class=\"soft\">shown</span>"
                         : check.pass         ? "<span class=\"pass\">✓ pass</span>"
                                              : "<span class=\"fail\">✗ fail</span>";
    out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
                       escape_html(check.name), short_number(check.value), escape_html(check.target), result);
  }
  return out + "</tbody></table></div>\n";
}

std::string curves(const std::vector<Curve>& list) {
  std::string out = "<h2>Curves</h2>\n<div class=\"plots\">\n";
  for (const Curve& curve : list) {
    const auto* text = std::find_if(kTexts.begin(), kTexts.end(),
                                    [&](const CurveText& candidate) { return candidate.metric == curve.metric; });
    if (text == kTexts.end()) continue;
    const Plot plot{.title = text->title, .points = curve.points, .y_low = text->low, .y_high = text->high};
    out += fmt::format(
        "<figure class=\"plot\"><figcaption>{}<span>{}</span></figcaption><p>{} x: steps of {}.</p>{}</figure>\n",
        text->title, short_number(curve.points.back().second), text->note, escape_html(curve.stage), draw_plot(plot));
  }
  return out + "</div>\n";
}

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
  auto cell = [](const std::string& text) { return "<td class=\"n\">" + text + "</td>"; };
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

std::string family_table(const Json& before, const Json& after) {
  std::string out =
      "<h2>Held-out problems by family and level</h2>\n<p class=\"soft small\">Greedy answers to problems that are in "
      "no training "
      "text. Families whose commonest answer alone scores above the threshold are shown in grey and left out of the "
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

std::string answer(const Json& sample, const char* who) {
  const bool right = sample.contains("parts") && sample["parts"].value("accuracy", 0.0) == 1.0;
  return fmt::format(
      "<div><div class=\"who\"><span>{} · {} tokens</span><span class=\"{}\">{}</span></div><pre>{}</pre></div>", who,
      sample.value("num_tokens", 0), right ? "pass" : "fail", right ? "✓ right" : "✗ wrong",
      escape_html(sample.value("completion", "")));
}

std::string samples(const Json& list) {
  std::string out = "<h2>The same problems before and after</h2>\n<div class=\"samples\">\n";
  for (const Json& sample : list) {
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

std::string stage_table(const std::vector<Manifest>& stages) {
  std::string out =
      "<h2>Stages</h2>\n<div class=\"scroll\"><table><thead><tr><th>stage</th><th class=\"n\">time</th><th>figures</th>"
      "</tr></thead><tbody>\n";
  for (const Manifest& stage : stages) {
    std::string figures;
    for (const auto& [name, value] : stage.metrics)
      if (stage.stage != "eval") figures += fmt::format("{} {} · ", escape_html(name), short_number(value));
    if (figures.empty()) figures = "see above   ";
    out += fmt::format(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"soft small\" style=\"white-space:normal\">{}</td></tr>\n",
        escape_html(stage.stage), duration(stage.seconds), figures.substr(0, figures.size() - 3));
  }
  out += "</tbody></table></div>\n";
  for (const Manifest& stage : stages)
    out += fmt::format("<details><summary>configuration of {}</summary><pre>{}</pre></details>\n",
                       escape_html(stage.stage), escape_html(stage.config));
  return out;
}

std::string headline(const ReportData& data) {
  const auto wanted =
      std::count_if(data.checks.begin(), data.checks.end(), [](const Check& c) { return !c.target.empty(); });
  const auto passed =
      std::count_if(data.checks.begin(), data.checks.end(), [](const Check& c) { return !c.target.empty() && c.pass; });
  const std::string& title = data.config.title.empty() ? data.recipe : data.config.title;
  std::string out = fmt::format("<h1>{}</h1>\n", escape_html(title));
  if (!data.config.summary.empty()) out += fmt::format("<p class=\"soft\">{}</p>\n", escape_html(data.config.summary));
  if (wanted > 0)
    out += fmt::format("<span class=\"verdict {}\">{} of {} checks pass</span>\n", passed == wanted ? "pass" : "fail",
                       passed, wanted);
  return out;
}

}  // namespace

std::string report_html(const ReportData& data) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += fmt::format("<title>{} – R1++</title>\n<style>{}</style></head>\n<body><main>\n", escape_html(data.recipe),
                     page_style());
  out += headline(data) + tiles(data) + curves(data.curves) + check_table(data.checks);
  out +=
      family_table(data.eval["before"], data.eval["after"]) + samples(data.eval["samples"]) + stage_table(data.stages);
  return out + "</main></body></html>\n";
}

}  // namespace r1::pipeline
