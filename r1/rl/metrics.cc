// Metrics of an RL step (metrics.h).
#include "r1/rl/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "r1/reward/language.h"
#include "r1/reward/readability.h"
#include "r1/rl/advantage.h"

namespace r1::rl {

namespace {

std::vector<double> scores(const std::vector<Sample>& samples) {
  std::vector<double> out;
  for (const Sample& s : samples) out.push_back(s.verdict.score);
  return out;
}

template <class Predicate>
double share(const std::vector<Sample>& samples, const Predicate& is) {
  const auto count = std::count_if(samples.begin(), samples.end(), is);
  return samples.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(samples.size());
}

bool cut_off(const Sample& s) { return s.completion.finish_reason == rollout::FinishReason::Length; }

/// Mean standard deviation of the groups' rewards.
double group_reward_std(const std::vector<double>& rewards, const GrpoConfig& config) {
  const auto size = static_cast<std::ptrdiff_t>(config.group_size);
  std::vector<double> spreads;
  for (auto it = rewards.begin(); it + size <= rewards.end(); it += size)
    spreads.push_back(standard_deviation(std::vector<double>(it, it + size), config.advantage_ddof));
  return mean(spreads);
}

void add_lengths(std::vector<std::pair<std::string, double>>& out, const std::vector<Sample>& samples) {
  std::vector<double> lengths;
  for (const Sample& s : samples) lengths.push_back(static_cast<double>(s.completion.ids.size()));
  out.emplace_back("completions/mean_length", mean(lengths));
  out.emplace_back("completions/min_length", *std::min_element(lengths.begin(), lengths.end()));
  out.emplace_back("completions/max_length", *std::max_element(lengths.begin(), lengths.end()));
  out.emplace_back("completions/clipped_ratio", share(samples, cut_off));
}

void add_rewards(std::vector<std::pair<std::string, double>>& out, const std::vector<Sample>& samples,
                 const GrpoConfig& config) {
  const std::vector<double> rewards = scores(samples);
  out.emplace_back("reward", mean(rewards));
  out.emplace_back("reward_std", group_reward_std(rewards, config));
  out.emplace_back("frac_reward_zero_std", zero_std_share(rewards, config.group_size));
  std::map<std::string, std::vector<double>> parts;
  for (const Sample& s : samples)
    for (const auto& [name, value] : s.verdict.parts) parts[name].push_back(value);
  for (const auto& [name, values] : parts) {
    out.emplace_back("rewards/" + name + "/mean", mean(values));
    out.emplace_back("rewards/" + name + "/std", standard_deviation(values, 1));
  }
  for (const reward::Outcome outcome : {reward::Outcome::Timeout, reward::Outcome::Crash, reward::Outcome::Unparseable})
    out.emplace_back(std::string("rewards/outcome/") + reward::outcome_name(outcome),
                     share(samples, [&](const Sample& s) { return s.verdict.outcome == outcome; }));
}

/// What the reasoning reads like: words of reflection, and the language of its words where it has any.
void add_reasoning(std::vector<std::pair<std::string, double>>& out, const std::vector<Sample>& samples) {
  std::vector<double> reflections, languages;
  for (const Sample& s : samples) {
    reflections.push_back(static_cast<double>(reward::count_reflection_words(s.text)));
    if (s.language != "en" && s.language != "zh") continue;
    const reward::LanguageConsistency language = reward::language_consistency(s.text, s.language);
    if (language.words.total() > 0) languages.push_back(language.share);
  }
  out.emplace_back("completions/reflection_words", mean(reflections));
  if (!languages.empty()) out.emplace_back("completions/language_consistency", mean(languages));
}

}  // namespace

double mean_reward(const std::vector<Sample>& samples) { return mean(scores(samples)); }

std::vector<std::pair<std::string, double>> step_values(const std::vector<Sample>& samples, const GrpoConfig& config,
                                                        const StepMeasures& m) {
  std::vector<std::pair<std::string, double>> out;
  add_rewards(out, samples, config);
  add_lengths(out, samples);
  add_reasoning(out, samples);
  UpdateStats sum;
  for (const UpdateStats& u : m.updates) {
    sum.loss += u.loss;
    sum.grad_norm += u.grad_norm;
    sum.tokens += u.tokens;
    sum.clipped_low += u.clipped_low;
    sum.clipped_high += u.clipped_high;
    sum.ratio_sum += u.ratio_sum;
  }
  const double updates = std::max(1.0, static_cast<double>(m.updates.size())), tokens = std::max(1.0, sum.tokens);
  out.emplace_back("entropy", m.entropy);
  if (m.reference_kl >= 0.0) out.emplace_back("kl", m.reference_kl);
  out.emplace_back("clip_ratio/low_mean", sum.clipped_low / tokens);
  out.emplace_back("clip_ratio/high_mean", sum.clipped_high / tokens);
  out.emplace_back("clip_ratio/region_mean", (sum.clipped_low + sum.clipped_high) / tokens);
  out.emplace_back("ratio/mean", sum.ratio_sum / tokens);
  out.emplace_back("loss", sum.loss / updates);
  out.emplace_back("grad_norm", sum.grad_norm / updates);
  out.emplace_back("learning_rate", m.learning_rate);
  out.emplace_back("policy_version", static_cast<double>(m.policy_version));
  out.emplace_back("sampling/sampling_logp_difference/mean", m.difference.mean);
  out.emplace_back("sampling/sampling_logp_difference/max", m.difference.max);
  return out;
}

std::vector<std::string> diagnose(const std::vector<Sample>& samples, const GrpoConfig& config) {
  std::vector<std::string> out;
  const double silent = zero_std_share(scores(samples), config.group_size);
  const double cut = share(samples, cut_off);
  if (silent > 0.5)
    out.push_back(fmt::format(
        "{:.0f}% of the groups had no signal (all {} samples scored alike): they add nothing to the gradient",
        100 * silent, config.group_size));
  if (cut > 0.2)
    out.push_back(fmt::format(
        "{:.0f}% of the answers were cut off at {} tokens: raise sampling.max_new_tokens if they were on their way",
        100 * cut, config.sampling.max_new_tokens));
  return out;
}

}  // namespace r1::rl
