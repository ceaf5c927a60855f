// Countdown problems, moves and the brute-force solver (3 numbers: about a microsecond, 5 numbers: under a millisecond
// typically).
#include "r1/data/problems/countdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "r1/core/error.h"
#include "r1/data/problems/countdown_trace.h"

namespace r1::data {
namespace {

/// Calls visit(a, op, b, result) for what two numbers can become, larger operand first.
template <class Visit>
void for_each_result(std::int64_t x, std::int64_t y, std::int64_t max_intermediate, Visit visit) {
  const std::int64_t a = std::max(x, y);
  const std::int64_t b = std::min(x, y);
  if (a + b <= max_intermediate) visit(a, '+', b, a + b);
  if (a > b) visit(a, '-', b, a - b);
  if (a * b <= max_intermediate) visit(a, '*', b, a * b);
  if (a % b == 0) visit(a, '/', b, a / b);
}

bool solvable(const std::int64_t* numbers, std::size_t count, std::int64_t target, std::int64_t max_intermediate) {
  if (count == 1) return numbers[0] == target;
  bool found = false;
  std::int64_t next[8];
  for (std::size_t i = 0; i < count && !found; ++i) {
    for (std::size_t j = i + 1; j < count && !found; ++j) {
      std::size_t n = 1;
      for (std::size_t k = 0; k < count; ++k)
        if (k != i && k != j) next[n++] = numbers[k];
      for_each_result(numbers[i], numbers[j], max_intermediate,
                      [&](std::int64_t, char, std::int64_t, std::int64_t result) {
                        if (found) return;
                        next[0] = result;
                        found = solvable(next, n, target, max_intermediate);
                      });
    }
  }
  return found;
}

std::string tests_json(const CountdownState& numbers, std::int64_t target) {
  return fmt::format("{{\"numbers\":[{}],\"target\":{}}}", fmt::join(numbers, ","), target);
}

}  // namespace

void fields(core::FieldVisitor& v, CountdownConfig& c) {
  v("num_count_shares", c.num_count_shares, "shares of problems with 3, 4 and 5 numbers");
  v("number_min", c.number_min, "smallest number");
  v("number_max", c.number_max, "largest number");
  v("target_mins", c.target_mins, "smallest target with 3, 4 and 5 numbers");
  v("target_max", c.target_max, "largest target");
  v("max_intermediate", c.max_intermediate, "larger intermediate results are never tried");
  v("prompt_style", c.prompt_style, "compact (79 17 60=36) or original (the data set's wording)");
  v("trace_style", c.trace_style, "match (for small models) or attempts (random search)");
  v("max_match", c.max_match, "match: larger results are not listed");
  v("moves_below", c.moves_below, "match: moves tried in a 4-number state of a 5-number problem");
  v("wrong_continue", c.wrong_continue, "chance of one more wrong attempt in a 3-number state");
  v("wrong_continue_above", c.wrong_continue_above, "the same in 4- and 5-number states");
  v("abandon_min", c.abandon_min, "fewest attempts in a wrong 3-number state before it is given up");
  v("abandon_max", c.abandon_max, "most attempts in a wrong 3-number state before it is given up");
  v("max_trace_chars", c.max_trace_chars, "longest search trace");
}

void check_countdown_config(const CountdownConfig& c) {
  if (c.num_count_shares.size() != 3)
    user_error("num_count_shares needs three shares (3, 4 and 5 numbers), it has {}", c.num_count_shares.size());
  for (const double share : c.num_count_shares)
    if (!(share >= 0.0)) user_error("num_count_shares holds {}; shares cannot be negative", share);
  if (!(std::accumulate(c.num_count_shares.begin(), c.num_count_shares.end(), 0.0) > 0.0))
    user_error("num_count_shares are all 0");
  if (c.number_min < 1 || c.number_max < c.number_min)
    user_error("numbers range from {} to {}; they need 1 <= number_min <= number_max", c.number_min, c.number_max);
  if (c.target_mins.size() != 3)
    user_error("target_mins needs three targets (3, 4 and 5 numbers), it has {}", c.target_mins.size());
  for (const std::int64_t target_min : c.target_mins)
    if (target_min < 1 || c.target_max < target_min)
      user_error("targets range from {} to {}; they need 1 <= target_mins <= target_max", target_min, c.target_max);
  if (c.max_intermediate < std::max(c.target_max, c.number_max))
    user_error("max_intermediate {} lies below the largest number or target", c.max_intermediate);
  if (c.max_intermediate > 1000000) user_error("max_intermediate {} lies above 1000000", c.max_intermediate);
  if (c.prompt_style != "compact" && c.prompt_style != "original")
    user_error("prompt_style is \"{}\"; it must be compact or original", c.prompt_style);
  if (c.trace_style != "match" && c.trace_style != "attempts")
    user_error("trace_style is \"{}\"; it must be match or attempts", c.trace_style);
  if (c.max_match < c.target_max || c.max_match > 1000000)
    user_error("max_match {} must lie between the largest target and 1000000", c.max_match);
  if (c.moves_below < 1) user_error("moves_below is {}; it must be at least 1", c.moves_below);
  for (const double chance : {c.wrong_continue, c.wrong_continue_above})
    if (!(chance >= 0.0 && chance < 1.0))
      user_error("wrong_continue is {}; the chance of one more wrong attempt must lie in [0, 1)", chance);
  if (c.abandon_min < 1 || c.abandon_max < c.abandon_min)
    user_error("abandon_min {} and abandon_max {} need 1 <= min <= max", c.abandon_min, c.abandon_max);
}

std::string CountdownStep::text() const { return fmt::format("{}{}{}={}", a, op, b, result); }

std::vector<CountdownMove> countdown_moves(const CountdownState& state, std::int64_t max_intermediate) {
  std::vector<CountdownMove> moves;
  for (std::size_t i = 0; i < state.size(); ++i) {
    for (std::size_t j = i + 1; j < state.size(); ++j) {
      CountdownState next(1);
      for (std::size_t k = 0; k < state.size(); ++k)
        if (k != i && k != j) next.push_back(state[k]);
      for_each_result(state[i], state[j], max_intermediate,
                      [&](std::int64_t a, char op, std::int64_t b, std::int64_t result) {
                        const CountdownStep step{a, op, b, result};
                        for (const CountdownMove& move : moves)
                          if (move.step == step) return;  // equal numbers: the same move from another pair
                        next[0] = result;
                        moves.push_back({step, next});
                      });
    }
  }
  return moves;
}

bool countdown_solvable(const CountdownState& state, std::int64_t target, std::int64_t max_intermediate) {
  R1_CHECK(!state.empty() && state.size() <= 8, "countdown state has {} numbers", state.size());
  return solvable(state.data(), state.size(), target, max_intermediate);
}

std::string countdown_prompt(const CountdownState& numbers, std::int64_t target, const std::string& style) {
  if (style == "compact") return fmt::format("{}={}", fmt::join(numbers, " "), target);
  return fmt::format(
      "Using the numbers [{}], create an equation that equals {}.\n"
      "Use each number exactly once. Only use +, -, *, / and parentheses.\n"
      "Do not use any other numbers. Keep the response concise.\n"
      "Finally return <answer> equation </answer>.",
      fmt::join(numbers, ", "), target);
}

CountdownProblem make_countdown_problem(const CountdownConfig& config, const CountdownState& numbers,
                                        std::int64_t target, std::vector<CountdownStep> solution) {
  CountdownProblem out;
  out.numbers = numbers;
  out.target = target;
  out.solution = std::move(solution);
  Problem& problem = out.problem;
  problem.domain = "maths";
  problem.family = "countdown";
  problem.verifier = "countdown";
  problem.source = "generator";
  problem.difficulty = static_cast<std::int64_t>(numbers.size()) - 2;
  problem.tests = {tests_json(numbers, target)};
  problem.prompt = countdown_prompt(numbers, target, config.prompt_style);
  problem.answer = compose_countdown_answer(out.solution).answer;
  return out;
}

std::optional<CountdownProblem> solve_countdown(const CountdownConfig& config, const CountdownState& numbers,
                                                std::int64_t target, core::Rng& rng) {
  if (!countdown_solvable(numbers, target, config.max_intermediate)) return std::nullopt;
  std::vector<CountdownStep> solution;
  for (CountdownState state = numbers; state.size() > 1;) {
    std::vector<CountdownMove> moves = countdown_moves(state, config.max_intermediate);
    rng.shuffle(moves);
    const auto right = std::find_if(moves.begin(), moves.end(), [&](const CountdownMove& move) {
      return countdown_solvable(move.next, target, config.max_intermediate);
    });
    R1_CHECK(right != moves.end(), "a solvable countdown state has no solving move");
    solution.push_back(right->step);
    state = right->next;
  }
  return make_countdown_problem(config, numbers, target, std::move(solution));
}

std::size_t draw_countdown_size(const CountdownConfig& config, core::Rng& rng) {
  return 3 + rng.weighted(config.num_count_shares);
}

std::int64_t draw_countdown_numbers(const CountdownConfig& config, CountdownState& numbers, core::Rng& rng) {
  for (std::int64_t& number : numbers) number = rng.between(config.number_min, config.number_max);
  return rng.between(config.target_mins[numbers.size() - 3], config.target_max);
}

CountdownProblem generate_countdown(const CountdownConfig& config, core::Rng& rng) {
  constexpr int kMaxDraws = 100000;
  CountdownState numbers(draw_countdown_size(config, rng));
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    const std::int64_t target = draw_countdown_numbers(config, numbers, rng);
    if (std::optional<CountdownProblem> problem = solve_countdown(config, numbers, target, rng))
      return std::move(*problem);
  }
  user_error("no countdown problem of {} numbers {}..{} with a target up to {} has a solution in {} draws",
             numbers.size(), config.number_min, config.number_max, config.target_max, kMaxDraws);
}

}  // namespace r1::data
