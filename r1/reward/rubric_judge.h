// RubricJudge: a judge by rule, for data sets that say what a good answer mentions and what it must not. It finds
// phrases, it does not understand: an answer that lists all points in any order scores full.
#pragma once

#include <string>
#include <vector>

#include "r1/reward/judge.h"

namespace r1::reward {

/// What to look for; each entry is a set of phrasings of which one is enough.
struct Rubric {
  std::vector<std::vector<std::string>> points;
  std::vector<std::vector<std::string>> avoid;
};

/// From JSON {"points": [...], "avoid": [...]}, either may be missing, not both be empty; an entry is a phrase or a
/// list of phrasings. UserError when it is not that.
Rubric rubric_from_json(const std::string& text);

class RubricJudge : public Judge {
 public:
  /// Each answer's grade times 10, so the order plays no part.
  Judgement compare(const JudgeRequest& request) const override;
  /// (points found - entries of `avoid` found) / points, not below 0; without points: 1 - entries of `avoid` found /
  /// all. Phrases are compared as whole words where they start or end with a letter or digit; ASCII case and the amount
  /// of white space do not count. An empty answer scores 0. UserError for a bad rubric.
  Grade grade(const GradeRequest& request) const override;
};

}  // namespace r1::reward
