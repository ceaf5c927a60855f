// The "match" form of a countdown search, made for models of a few million parameters: no choice is left to chance,
// every line states what it works on, and a solution shows as one number that occurs twice in its line.
//   state    `82,80,34,11`  the numbers, largest first
//   move     `82-80=2:34,11,2`  two numbers combined; the state after it. Pairs go by position, operators - + * /
//   line     `34,56-22+90|11,2-9+13*22`  in a 3-number state, each number x in turn: x with the target 56, then the
//   other two
//            with each other (- + * / with their results; no results above max_match, no multiplying or dividing by 1)
//   success  a result on the right that stands on the left ends the line: `88,37-51+125|49,2-47+51!`, then the
//   composition
// A 4-number state below a 5-number one is left after `moves_below` moves. It draws no problems (countdown.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "r1/data/problems/countdown.h"

namespace r1::data {

struct CountdownMatch {
  std::string text;                     // the search, up to and with "!"
  std::vector<CountdownStep> solution;  // the steps it found
};

/// The search for the numbers; none when it ends without success or would take more than `max_trace_chars`.
/// A pure function of its arguments: the same problem has one trace.
std::optional<CountdownMatch> match_countdown(const CountdownConfig& config, const CountdownState& numbers,
                                              std::int64_t target);

/// "<think>" search and composition "</think><answer>" expression "</answer>".
std::string match_completion(const CountdownMatch& match);

}  // namespace r1::data
