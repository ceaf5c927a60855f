// Titles, notes and grouping of curves; drawing one is plot.cc's. A run with one reinforcement learning shows all its
// curves in one grid; with several, each has a heading of its own and folds away what is looked at last.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "r1/pipeline/page/plot.h"
#include "r1/pipeline/page/sections.h"

namespace r1::pipeline {

namespace {

/// How a metric is titled and explained.
struct CurveText {
  std::string metric;
  std::string title;
  std::string note;
  double low = 0, high = 0;  // the axis spans at least this; equal: free
  bool minor = false;        // folded away where there is much to show
};

CurveText text_of(const std::string& metric) {
  static const std::array<CurveText, 14> kTexts = {{
      {"reward", "Reward", "Mean over all samples of a step, as weighted by the recipe."},
      {"rewards/accuracy/mean", "Accuracy on training problems", "Share of sampled answers that are right.", 0, 1},
      {"completions/mean_length", "Response length", "Mean tokens of a sample."},
      {"completions/language_consistency", "Language consistency",
       "Share of words in the question’s language, mean over samples.", 0, 1},
      {"completions/reflection_words", "Reflective words", "Words like “wait” a sample, mean over a step."},
      {"entropy", "Entropy", "Of the next-token distribution, in nats, mean over sampled tokens."},
      {"kl", "KL to the reference", "k3 estimate, mean over sampled tokens."},
      {"rewards/format/mean", "Format rate", "Share of samples in the form think, then answer.", 0, 1, true},
      {"completions/clipped_ratio", "Cut off", "Share of samples that reached the length limit.", 0, 1, true},
      {"frac_reward_zero_std", "Groups without signal", "Share of groups whose samples all earned the same.", 0, 1,
       true},
      {"grad_norm", "Gradient norm", "Before clipping.", 0, 0, true},
      {"sampling/sampling_logp_difference/max", "Sampler against trainer",
       "Largest difference of log-probabilities; 0 means bit-equal.", 0, 0, true},
      {"loss", "Loss", "Nats a token."},
      {"accuracy", "Accuracy on training examples", "Share of a batch that is judged right.", 0, 1},
  }};
  for (const CurveText& text : kTexts)
    if (text.metric == metric) return text;
  const std::string name = metric.substr(metric.find('/') + 1);
  if (metric.starts_with("watch/"))
    return {metric, "Watch: " + name, "Measured apart from the reward; it must not fall while reward rises."};
  return {metric, "Reward part: " + name.substr(0, name.find('/')), "Mean over samples, unweighted.", 0, 1, true};
}

/// How a stage is called in headings; its own name where there is nothing better.
std::string stage_title(const std::string& stage) {
  static constexpr std::array<std::pair<const char*, const char*>, 10> kTitles = {{
      {"pretrain", "Pre-training"},
      {"zero", "R1-Zero: reinforcement learning on the base"},
      {"cold_start", "Cold start"},
      {"reasoning_rl", "Reinforcement learning for reasoning"},
      {"sft", "Supervised fine-tuning"},
      {"reward_models", "Reward models and judges"},
      {"general_rl", "Reinforcement learning for all scenarios"},
      {"students", "Students: pre-training"},
      {"distill", "Distillation"},
      {"distill_control", "Students with reinforcement learning instead, at equal compute"},
  }};
  for (const auto& [name, title] : kTitles)
    if (stage == name) return title;
  return stage;
}

std::string change_caption(const ChangePoint& change) {
  return fmt::format("<p class=\"change\">Course changes at step {}: mean {} before, {} from there on.</p>",
                     short_number(change.x), short_number(change.before), short_number(change.after));
}

std::string figure(const Curve& curve) {
  CurveText text = text_of(curve.metric);
  if (curve.metric == "loss" && curve.stage == stage_of(curve)) text.title = stage_title(curve.stage) + " loss";
  if (curve.stage != stage_of(curve)) text.title = curve.stage.substr(curve.stage.find('/') + 1) + ": " + text.title;
  Plot plot{.title = text.title, .points = curve.points, .y_low = text.low, .y_high = text.high};
  if (curve.change) plot.mark = curve.change->x;
  return fmt::format(
      "<figure class=\"plot\"><figcaption>{}<span>{}</span></figcaption><p>{} x: steps of {}.</p>{}{}"
      "</figure>\n",
      escape_html(text.title), short_number(curve.points.back().second), text.note, escape_html(curve.stage),
      draw_plot(plot), curve.change ? change_caption(*curve.change) : "");
}

std::string grid(const std::vector<const Curve*>& curves) {
  std::string out = "<div class=\"plots\">\n";
  for (const Curve* curve : curves) out += figure(*curve);
  return out + "</div>\n";
}

std::string folded(const std::string& summary, const std::vector<const Curve*>& curves) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escape_html(summary), grid(curves));
}

/// A stage with more than one training logs them as STAGE/TRAINING.
bool one_of_several(const Curve& curve) { return curve.stage != stage_of(curve); }

template <class Wanted>
std::vector<const Curve*> select(const std::vector<Curve>& curves, Wanted wanted) {
  std::vector<const Curve*> out;
  for (const Curve& curve : curves)
    if (wanted(curve)) out.push_back(&curve);
  return out;
}

template <class Wanted>
std::vector<std::string> stages_where(const std::vector<Curve>& curves, Wanted wanted) {
  std::vector<std::string> out;
  for (const Curve& curve : curves)
    if (wanted(curve) && std::find(out.begin(), out.end(), stage_of(curve)) == out.end())
      out.push_back(stage_of(curve));
  return out;
}

std::string reinforcement(const std::vector<Curve>& curves, const std::string& stage) {
  std::string out = fmt::format("<h3>{}</h3>\n", escape_html(stage_title(stage)));
  const auto of_stage = [&](bool minor) {
    return select(curves, [&](const Curve& c) { return c.stage == stage && text_of(c.metric).minor == minor; });
  };
  out += grid(of_stage(false));
  const std::vector<const Curve*> more = of_stage(true);
  if (!more.empty()) out += folded(fmt::format("{} more curves of {}", more.size(), stage), more);
  return out;
}

}  // namespace

std::string curve_section(const std::vector<Curve>& curves) {
  if (curves.empty()) return "";
  const auto learns = [](const Curve& c) { return c.reinforcement && !one_of_several(c); };
  const std::vector<std::string> rl_stages = stages_where(curves, learns);
  std::string out = "<h2>Curves</h2>\n";
  if (rl_stages.size() <= 1) {
    out += grid(select(curves, [](const Curve& c) { return !one_of_several(c); }));
  } else {
    for (const std::string& stage : rl_stages) out += reinforcement(curves, stage);
    const std::vector<const Curve*> losses =
        select(curves, [](const Curve& c) { return !c.reinforcement && !one_of_several(c); });
    if (!losses.empty()) out += "<h3>Supervised training</h3>\n" + grid(losses);
  }
  for (const bool reinforced : {false, true})
    for (const std::string& stage :
         stages_where(curves, [&](const Curve& c) { return one_of_several(c) && c.reinforcement == reinforced; }))
      out += folded(stage_title(stage), select(curves, [&](const Curve& c) {
                      return one_of_several(c) && stage_of(c) == stage && !text_of(c.metric).minor;
                    }));
  return out;
}

}  // namespace r1::pipeline
