// Search traces for countdown: a depth-first search written down so that each line holds the whole state, then the
// answer, composed from the last equation outwards. Grammar (states are the numbers left, newest first):
//   attempt  = equation ("," number)* in a 3-number state `60-17=43,79;`  the two numbers left cannot make the target
//   open     = `82-80=2,34,11:`   goes on in the state (2, 34, 11); giving that state up is a newline, back in its
//   parent success  = `60-17=43,79:79-43=36`   ends the search compose  = `;(79-43);(79-(60-17))`  the last equation,
//   then each intermediate result replaced by its own equation
// No wrong attempt is ever one that could succeed. It draws no problems (countdown.h).
#pragma once

#include <string>
#include <vector>

#include "r1/core/rng.h"
#include "r1/data/problems/countdown.h"

namespace r1::data {

struct CountdownAnswer {
  std::vector<std::string> expansions;  // "(79-43)", "(79-(60-17))"
  std::string answer;                   // "79-(60-17)"
};

/// Replaces, from the last equation back to the first, each result by its equation in parentheses (leftmost place
/// first).
CountdownAnswer compose_countdown_answer(const std::vector<CountdownStep>& solution);

/// The search that ends in the problem's solution: wrong attempts as drawn from the config, then the right ones.
/// Without tags.
std::string countdown_search(const CountdownConfig& config, const CountdownProblem& problem, core::Rng& rng);

/// "<think>" search and composition "</think><answer>" expression "</answer>".
std::string countdown_completion(const CountdownConfig& config, const CountdownProblem& problem, core::Rng& rng);

}  // namespace r1::data
