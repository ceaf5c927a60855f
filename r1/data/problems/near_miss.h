// Wrong answers as people give them: off by one, two or ten, a slip of a digit, another name. Internal to
// r1/data/problems.
#pragma once

#include <string>

#include "r1/core/rng.h"
#include "r1/data/problems/generator.h"

namespace r1::data {

/// A non-negative integer near `number` (digits only) and never equal to it.
std::string near_number(const std::string& number, core::Rng& rng);

/// A wrong answer to the problem, in the form of the right one (unit kept), never equal to it.
std::string near_miss(const GeneratedProblem& problem, core::Rng& rng);

/// The careful steps with one wrong step that carries through, or, in half of the cases, cut off half-way, and the
/// wrong answer that they end in.
struct SloppyWork {
  std::vector<std::string> steps;
  std::string answer;
};
SloppyWork sloppy_work(const GeneratedProblem& problem, core::Rng& rng);

}  // namespace r1::data
