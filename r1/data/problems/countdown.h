// Countdown: combine all the numbers, each once, with + - * / and parentheses to make the target. Problems, their moves
// and a brute-force solver. All intermediate results are positive integers, divisions are exact. Search traces:
// countdown_trace.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/rng.h"
#include "r1/data/problem.h"

namespace r1::data {

/// Defaults follow the data set's distributions (numbers and targets uniform, what has no solution thrown away).
struct CountdownConfig {
  std::vector<double> num_count_shares = {0.37, 0.43, 0.2};  // of problems with 3, 4 and 5 numbers
  std::int64_t number_min = 1;
  std::int64_t number_max = 99;
  std::vector<std::int64_t> target_mins = {10, 10, 1};  // smallest target with 3, 4 and 5 numbers
  std::int64_t target_max = 100;
  std::int64_t max_intermediate = 999;  // larger intermediate results are never tried
  std::string prompt_style = "compact";  // compact: "79 17 60=36"; original: the data set's wording
  std::string trace_style = "match";  // match: countdown_match.h; attempts: countdown_trace.h, with the next four keys
  std::int64_t max_match = 200;  // match: larger results are not listed
  std::int64_t moves_below = 2;  // match: moves tried in a 4-number state of a 5-number problem
  double wrong_continue = 0.75;  // chance of one more wrong attempt before the right one, in 3-number states
  double wrong_continue_above = 0.5;  // the same in 4- and 5-number states
  std::int64_t abandon_min = 3;  // attempts in a wrong 3-number state before it is given up
  std::int64_t abandon_max = 6;
  std::int64_t max_trace_chars = 1000;  // longer searches are drawn again (attempts: at last without wrong attempts)
};
void fields(core::FieldVisitor& v, CountdownConfig& c);

/// UserError names the key that makes no sense.
void check_countdown_config(const CountdownConfig& config);

using CountdownState = std::vector<std::int64_t>;

/// One equation, the larger operand of + and * first.
struct CountdownStep {
  std::int64_t a = 0;
  char op = '+';
  std::int64_t b = 0;
  std::int64_t result = 0;
  std::string text() const;  // "60-17=43"
  bool operator==(const CountdownStep&) const = default;
};

/// A step and the state it leads to: the result first, then the other numbers in their order.
struct CountdownMove {
  CountdownStep step;
  CountdownState next;
};

/// All distinct moves, in a fixed order (pairs by position, + - * /). `state` has at least two numbers.
std::vector<CountdownMove> countdown_moves(const CountdownState& state, std::int64_t max_intermediate);

/// Whether any sequence of moves ends in `target` alone.
bool countdown_solvable(const CountdownState& state, std::int64_t target, std::int64_t max_intermediate);

struct CountdownProblem {
  Problem problem;  // family and verifier "countdown", tests[0] = {"numbers":[..],"target":n}, answer = an expression
  CountdownState numbers;
  std::int64_t target = 0;
  std::vector<CountdownStep> solution;  // numbers.size() - 1 steps; the last one makes the target
};

/// The problem with this solution, without an id.
CountdownProblem make_countdown_problem(const CountdownConfig& config, const CountdownState& numbers,
                                        std::int64_t target, std::vector<CountdownStep> solution);

/// Numbers and a target in the config's ranges, as many numbers as drawn before by draw_countdown_size; mostly
/// unsolvable.
std::size_t draw_countdown_size(const CountdownConfig& config, core::Rng& rng);
std::int64_t draw_countdown_numbers(const CountdownConfig& config, CountdownState& numbers, core::Rng& rng);

/// "79 17 60=36" (compact) or the data set's wording (original).
std::string countdown_prompt(const CountdownState& numbers, std::int64_t target, const std::string& style);

/// A solution drawn uniformly among the solving moves of each state; none when there is none. The problem has no id.
std::optional<CountdownProblem> solve_countdown(const CountdownConfig& config, const CountdownState& numbers,
                                                std::int64_t target, core::Rng& rng);

/// Draws numbers and target until they have a solution.
CountdownProblem generate_countdown(const CountdownConfig& config, core::Rng& rng);

}  // namespace r1::data
