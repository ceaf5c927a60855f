// The connectives and how they stand between steps.
#include "r1/data/problems/narration.h"

#include <algorithm>

#include "r1/core/error.h"

namespace r1::data {
namespace {

struct Connective {
  const char* en;
  const char* zh;
};
constexpr Connective kFirst{"first", "先"};
constexpr Connective kThen{"then", "再"};
constexpr Connective kSo{"so", "所以"};
constexpr Connective kWait{"wait", "等等"};

/// One connective a step; the correction of a step has "wait", whatever its place.
std::vector<Connective> connectives(std::size_t num_steps, const Narration& narration) {
  const std::size_t num_new = num_steps - (narration.retry ? 1 : 0);
  std::vector<Connective> out(num_new, kThen);
  if (!out.empty()) out.front() = kFirst;
  if (!out.empty() && narration.concluded) out.back() = kSo;
  if (narration.retry) out.insert(out.begin() + static_cast<std::ptrdiff_t>(*narration.retry), kWait);
  return out;
}

/// For each step whether its connective is Chinese.
std::vector<bool> draw_languages(std::size_t num_steps, const Narration& narration, core::Rng& rng) {
  const bool chinese = narration.language == "zh";
  std::vector<bool> out(num_steps, chinese);
  if (!narration.mixed || num_steps == 0) return out;
  for (std::size_t i = 0; i < num_steps; ++i) out[i] = chinese != (rng.uniform() < narration.foreign_share);
  const bool all_alike = std::all_of(out.begin(), out.end(), [&](bool drawn) { return drawn == out[0]; });
  if (all_alike && num_steps == 1) out[0] = !chinese;
  if (all_alike && num_steps > 1) out[rng.below(num_steps)] = !out[0];
  return out;
}

}  // namespace

std::string narrate(const std::vector<std::string>& steps, const Narration& narration, core::Rng& rng) {
  if (narration.language != "en" && narration.language != "zh")
    user_error("reasoning is narrated in en or zh, not \"{}\"", narration.language);
  R1_CHECK(!narration.retry || (*narration.retry >= 1 && *narration.retry < steps.size()),
           "step {} of {} corrects no step before it", narration.retry.value_or(0), steps.size());
  const std::vector<Connective> words = connectives(steps.size(), narration);
  const std::vector<bool> chinese = draw_languages(steps.size(), narration, rng);
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (chinese[i]) {
      text += words[i].zh;
    } else {
      if (i > 0) text += ' ';
      text += words[i].en;
      text += ' ';
    }
    text += steps[i];
  }
  return text;
}

std::vector<std::string> reflection_words() { return {kWait.en, kWait.zh}; }

}  // namespace r1::data
