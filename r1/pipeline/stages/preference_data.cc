// Pairs and labels (preference_data.h).
#include "r1/pipeline/stages/preference_data.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/reward/extract.h"

namespace r1::pipeline {

namespace {

/// Distinct finished answers of each problem with the verifier, in order.
std::map<std::int64_t, std::vector<const eval::EvalItem*>> distinct_answers(const std::vector<eval::EvalItem>& items,
                                                                            const std::vector<data::Problem>& problems,
                                                                            const std::string& verifier) {
  std::map<std::int64_t, std::vector<const eval::EvalItem*>> out;
  std::set<std::pair<std::int64_t, std::string>> seen;
  for (const eval::EvalItem& item : items)
    if (problems[static_cast<std::size_t>(item.problem)].verifier == verifier && item.finished &&
        seen.emplace(item.problem, item.text).second)
      out[item.problem].push_back(&item);
  return out;
}

std::string rubric_of(const data::Problem& problem) { return problem.tests.empty() ? "" : problem.tests.front(); }

}  // namespace

const char* part_name(Part part) {
  switch (part) {
    case Part::Train:
      return "train";
    case Part::TrainHeldOut:
      return "train_held_out";
    case Part::Judge:
      return "judge";
    case Part::JudgeHeldOut:
      return "judge_held_out";
  }
  R1_CHECK(false, "unknown part {}", static_cast<int>(part));
}

Part part_of(std::int64_t prompt, double judge_share, double held_out_share, std::int64_t seed) {
  core::Rng rng({static_cast<std::uint64_t>(seed), core::Purpose::Data, 0, static_cast<std::uint32_t>(prompt)});
  const bool judge = rng.uniform() < judge_share, held_out = rng.uniform() < held_out_share;
  if (judge) return held_out ? Part::JudgeHeldOut : Part::Judge;
  return held_out ? Part::TrainHeldOut : Part::Train;
}

std::vector<PreferencePair> judge_pairs(const std::vector<eval::EvalItem>& items,
                                        const std::vector<data::Problem>& problems, const reward::Judge& judge,
                                        double min_gap, std::map<std::string, std::int64_t>& dropped) {
  std::vector<PreferencePair> pairs;
  for (auto [index, answers] : distinct_answers(items, problems, "helpful")) {
    const data::Problem& problem = problems[static_cast<std::size_t>(index)];
    dropped["no_answer"] += static_cast<std::int64_t>(std::erase_if(
        answers, [](const eval::EvalItem* item) { return reward::extract_answer(item->text).value_or("").empty(); }));
    // The first answer against every other: the widest gap is the pair.
    PreferencePair best;
    best.problem = index;
    for (std::size_t i = 1; i < answers.size(); ++i) {
      const eval::EvalItem *a = answers[0], *b = answers[i];
      const reward::Preference preference = reward::judge_pair(judge,
                                                               {.prompt = problem.prompt,
                                                                .reference = problem.answer,
                                                                .rubric = rubric_of(problem),
                                                                .a = reward::extract_answer(a->text).value_or(""),
                                                                .b = reward::extract_answer(b->text).value_or("")},
                                                               min_gap);
      if (preference.outcome != reward::Outcome::Scored) {
        ++dropped[std::string("judge_") + reward::outcome_name(preference.outcome)];
        continue;
      }
      const double gap = std::abs(preference.a - preference.b);
      if (preference.choice == reward::Preference::Choice::Tie || gap <= best.gap) continue;
      const bool a_wins = preference.choice == reward::Preference::Choice::A;
      const eval::EvalItem *chosen = a_wins ? a : b, *rejected = a_wins ? b : a;
      best = {.problem = index,
              .chosen = chosen->text,
              .rejected = rejected->text,
              .chosen_tokens = chosen->num_tokens,
              .rejected_tokens = rejected->num_tokens,
              .gap = gap};
    }
    if (best.gap > 0.0)
      pairs.push_back(std::move(best));
    else
      ++dropped["tie"];
  }
  return pairs;
}

std::int64_t balance_lengths(std::vector<PreferencePair>& pairs, double tolerance) {
  std::int64_t dropped = 0;
  while (!pairs.empty()) {
    double sum = 0.0;
    for (const PreferencePair& p : pairs) sum += static_cast<double>(p.chosen_tokens - p.rejected_tokens);
    const double mean = sum / static_cast<double>(pairs.size());
    if (std::abs(mean) <= tolerance) break;
    const auto lead = [&](const PreferencePair& p) {
      return (p.chosen_tokens - p.rejected_tokens) * (mean > 0 ? 1 : -1);
    };
    pairs.erase(std::max_element(pairs.begin(), pairs.end(),
                                 [&](const PreferencePair& a, const PreferencePair& b) { return lead(a) < lead(b); }));
    ++dropped;
  }
  return dropped;
}

std::vector<LabelledAnswer> judge_labels(const std::vector<eval::EvalItem>& items,
                                         const std::vector<data::Problem>& problems, const reward::Judge& judge,
                                         std::map<std::string, std::int64_t>& dropped) {
  std::vector<LabelledAnswer> labels;
  for (const auto& [index, answers] : distinct_answers(items, problems, "safe")) {
    const data::Problem& problem = problems[static_cast<std::size_t>(index)];
    for (const eval::EvalItem* answer : answers) {
      const reward::Grade grade = judge.grade({.prompt = problem.prompt,
                                               .reference = problem.answer,
                                               .rubric = rubric_of(problem),
                                               .answer = answer->text});
      if (grade.outcome == reward::Outcome::Scored)
        labels.push_back({.problem = index, .text = answer->text, .safe = grade.score >= 0.5});
      else
        ++dropped[std::string("judge_") + reward::outcome_name(grade.outcome)];
    }
  }
  return labels;
}

}  // namespace r1::pipeline
