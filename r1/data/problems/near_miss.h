// Wrong answers as people give them: off by one, two or ten, a slip of a digit, another name. Internal to
// r1/data/problems.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

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

/// The careful steps with a wrong version of one of them right before it, as someone writes who notices a slip.
struct Reflection {
  std::vector<std::string> steps;
  std::size_t retry = 0;  // steps[retry] is right, steps[retry - 1] is its wrong version
};
Reflection reflect(const GeneratedProblem& problem, core::Rng& rng);

/// Sloppy work that says one of its steps seven to nine times in a row.
SloppyWork ramble(const GeneratedProblem& problem, core::Rng& rng);

}  // namespace r1::data
