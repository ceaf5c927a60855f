// Accuracy: what an answer is worth against the ground truth, format and language apart. The checks that make one are
// rule_scorer.h's (by rules) and code/code_scorer.h's (by running a program).
#pragma once

#include <string>

#include "r1/reward/verdict.h"

namespace r1::reward {

struct Accuracy {
  bool correct = false;
  Outcome outcome = Outcome::Scored;
  std::string why;  // empty when the answer is right
};

}  // namespace r1::reward
