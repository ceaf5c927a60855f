// Generators of verifiable problems: each family draws a problem of a level in a language, knows the answer by
// construction and works it out as rewriting steps: every step rewrites the whole of what is left, so that a tiny model
// needs no position tracking. They know no corpus styles, no splits (corpus.h, split.h) and no model.
//   const Family& family = find_family("chain_sum");
//   GeneratedProblem p = family.generate(2, "en", rng);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/rng.h"
#include "r1/data/problem.h"

namespace r1::data {

struct GeneratedProblem {
  Problem problem;  // id is empty; whoever collects problems names them
  std::vector<std::string> steps;  // the careful rewriting; the last step is, or ends in, the answer
  std::vector<std::string> choices;  // text and code answers only: other answers that one may guess
};

struct Family {
  const char* name;
  const char* domain;  // maths | logic | physics | chemistry | code
  std::int64_t levels;  // 1 ... levels, harder = more steps or terms
  /// A pure function of (level, language, rng's state). `language` is "en" or "zh": the same rng gives the same
  /// question in both.
  GeneratedProblem (*generate)(std::int64_t level, const std::string& language, core::Rng& rng);
  /// The steps that follow a (possibly wrong) step, worked out correctly, without a unit; nullptr where a family
  /// cannot.
  std::vector<std::string> (*resume)(const std::string& step);
  /// False where the majority answer scores above 10% (yes / no questions): reported, but left out of headline figures.
  bool headline;
};

/// Every family, in a fixed order: chain_sum mixed_ops linear_equation sequence_next substitution ordering truth_value
/// speed_distance molar_mass gcd modulo code_function.
const std::vector<Family>& families();

/// UserError names the nearest family when there is none called `name`.
const Family& find_family(const std::string& name);

}  // namespace r1::data
