// Writes countdown searches; see countdown_trace.h for the grammar.
#include "r1/data/problems/countdown_trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "r1/core/error.h"

namespace r1::data {
namespace {

constexpr int kRedraws = 8;
constexpr std::int64_t kMaxAbandonedChildren = 2;  // 3-number states opened in a wrong 4-number state

/// "60-17=43,79": the equation and the rest of the state.
std::string move_text(const CountdownMove& move) {
  std::string text = move.step.text();
  for (std::size_t i = 1; i < move.next.size(); ++i) text += "," + std::to_string(move.next[i]);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Replaces the leftmost whole number equal to `number`. The numbers in the expression are at every time the state
/// before the steps already expanded, so any equal number is as good as another.
std::string replace_number(const std::string& expression, const std::string& number, const std::string& by) {
  for (std::size_t at = expression.find(number); at != std::string::npos; at = expression.find(number, at + 1)) {
    const std::size_t end = at + number.size();
    const bool whole =
        (at == 0 || !is_digit(expression[at - 1])) && (end == expression.size() || !is_digit(expression[end]));
    if (whole) return expression.substr(0, at) + by + expression.substr(end);
  }
  R1_CHECK(false, "{} does not occur in {}", number, expression);
}

/// Writes one search; `wrong` false leaves out all wrong attempts.
class SearchWriter {
 public:
  SearchWriter(const CountdownConfig& config, const CountdownProblem& problem, core::Rng& rng, bool wrong)
      : config_(config), problem_(problem), rng_(rng), wrong_(wrong) {}

  std::string write() {
    CountdownState state = problem_.numbers;
    for (const CountdownStep& step : problem_.solution) state = advance(state, step);
    return std::move(text_);
  }

 private:
  /// Wrong attempts in `state`, then the right step. Returns the state after it.
  CountdownState advance(const CountdownState& state, const CountdownStep& right) {
    std::vector<CountdownMove> moves = countdown_moves(state, config_.max_intermediate);
    const auto found = std::find_if(moves.begin(), moves.end(), [&](const auto& move) { return move.step == right; });
    R1_CHECK(found != moves.end(), "{} is no move of its state", right.text());
    const CountdownMove chosen = *found;
    if (state.size() == 2) {
      text_ += right.text();
      return chosen.next;
    }
    rng_.shuffle(moves);
    const double more = state.size() == 3 ? config_.wrong_continue : config_.wrong_continue_above;
    auto move = moves.begin();
    while (wrong_ && rng_.uniform() < more) {
      move = std::find_if(move, moves.end(), [&](const CountdownMove& m) { return !solves(m); });
      if (move == moves.end()) break;
      write_wrong(*move++);
    }
    text_ += move_text(chosen) + ":";
    return chosen.next;
  }

  bool solves(const CountdownMove& move) const {
    return countdown_solvable(move.next, problem_.target, config_.max_intermediate);
  }

  /// A move to a state without a solution, searched for a while and given up.
  void write_wrong(const CountdownMove& move) {
    text_ += move_text(move);
    if (move.next.size() == 2) {
      text_ += ";";
      return;
    }
    text_ += ":";
    std::vector<CountdownMove> moves = countdown_moves(move.next, config_.max_intermediate);
    rng_.shuffle(moves);
    const std::int64_t drawn = move.next.size() == 3 ? rng_.between(config_.abandon_min, config_.abandon_max)
                                                     : rng_.between(1, kMaxAbandonedChildren);
    const std::size_t attempts = std::min(moves.size(), static_cast<std::size_t>(drawn));
    for (std::size_t i = 0; i < attempts; ++i) write_wrong(moves[i]);
    text_ += "\n";
  }

  const CountdownConfig& config_;
  const CountdownProblem& problem_;
  core::Rng& rng_;
  bool wrong_;
  std::string text_;
};

}  // namespace

CountdownAnswer compose_countdown_answer(const std::vector<CountdownStep>& solution) {
  R1_CHECK(!solution.empty(), "a countdown solution has no steps");
  CountdownAnswer out;
  std::string expression;
  for (auto step = solution.rbegin(); step != solution.rend(); ++step) {
    const std::string equation = fmt::format("({}{}{})", step->a, step->op, step->b);
    expression = expression.empty() ? equation : replace_number(expression, std::to_string(step->result), equation);
    out.expansions.push_back(expression);
  }
  out.answer = expression.substr(1, expression.size() - 2);
  return out;
}

std::string countdown_search(const CountdownConfig& config, const CountdownProblem& problem, core::Rng& rng) {
  for (int redraw = 0; redraw < kRedraws; ++redraw) {
    std::string text = SearchWriter(config, problem, rng, true).write();
    if (static_cast<std::int64_t>(text.size()) <= config.max_trace_chars) return text;
  }
  return SearchWriter(config, problem, rng, false).write();
}

std::string countdown_completion(const CountdownConfig& config, const CountdownProblem& problem, core::Rng& rng) {
  const CountdownAnswer composed = compose_countdown_answer(problem.solution);
  return fmt::format("<think>{};{}</think><answer>{}</answer>", countdown_search(config, problem, rng),
                     fmt::join(composed.expansions, ";"), composed.answer);
}

}  // namespace r1::data
