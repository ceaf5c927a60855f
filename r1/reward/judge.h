// Judges: who says how good an answer is where no rule can check it, as DeepSeek-R1 does for helpfulness (pairs judged
// in both orders, kept by their score gap; handbook rl.md A2). The interface and the comparison of pairs stand here;
// rubric_judge.h and endpoint_judge.h are the judges. A judge that gives no score says why by its outcome; it never
// gives a silent 0.
#pragma once

#include <string>

#include "r1/reward/verdict.h"

namespace r1::reward {

/// One question and two answers. `reference` (an answer known to be good) and `rubric` may be empty where the judge
/// does without. Rubric: JSON {"points": [...], "avoid": [...]} (rubric_judge.h).
struct JudgeRequest {
  std::string prompt, reference, rubric, a, b;
};

struct Judgement {
  double a = 0.0, b = 0.0;  // in [0, 10]
  Outcome outcome = Outcome::Scored;  // when it is another, the scores mean nothing
  std::string why;
};

/// One question and one answer.
struct GradeRequest {
  std::string prompt, reference, rubric, answer;
};

struct Grade {
  double score = 0.0;  // in [0, 1]
  Outcome outcome = Outcome::Scored;
  std::string why;
};

class Judge {
 public:
  virtual ~Judge() = default;
  /// Scores both answers, the first shown first. Thread-safe.
  virtual Judgement compare(const JudgeRequest& request) const = 0;
  /// Scores one answer alone. Thread-safe.
  virtual Grade grade(const GradeRequest& request) const = 0;
};

struct Preference {
  enum class Choice { A, B, Tie, None };
  Choice choice = Choice::None;  // None: some judgement failed
  double a = 0.0, b = 0.0;       // mean scores over both orders, in [0, 10]
  bool consistent = false;       // both orders agree on who is better: false shows a judge that goes by the position
  Outcome outcome = Outcome::Scored;
  std::string why;
};

/// Judges (a, b) and (b, a) and averages, so that a liking for the first place cancels. Tie when the mean scores differ
/// by `min_gap` or less (R1 keeps pairs whose gap is above 1).
Preference judge_pair(const Judge& judge, const JudgeRequest& request, double min_gap = 0.0);

}  // namespace r1::reward
