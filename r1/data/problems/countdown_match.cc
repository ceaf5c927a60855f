// Writes countdown searches in the match form; see countdown_match.h for the grammar.
#include "r1/data/problems/countdown_match.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "r1/core/error.h"
#include "r1/data/problems/countdown_trace.h"

namespace r1::data {
namespace {

/// What two numbers become, in the order it is written: - + * /, at most `max_match`, nothing times or divided by 1.
std::vector<CountdownStep> combine(std::int64_t x, std::int64_t y, std::int64_t max_match) {
  const std::int64_t a = std::max(x, y);
  const std::int64_t b = std::min(x, y);
  std::vector<CountdownStep> out;
  if (a > b) out.push_back({a, '-', b, a - b});
  if (a + b <= max_match) out.push_back({a, '+', b, a + b});
  if (b > 1 && a * b <= max_match) out.push_back({a, '*', b, a * b});
  if (b > 1 && a % b == 0) out.push_back({a, '/', b, a / b});
  return out;
}

/// The step from x and r to the target, where `link` combines x and the target to r.
CountdownStep closing_step(const CountdownStep& link, std::int64_t x, std::int64_t target) {
  const std::int64_t r = link.result;
  const std::int64_t high = std::max(x, r);
  const std::int64_t low = std::min(x, r);
  switch (link.op) {
    case '-':
      return target > x ? CountdownStep{high, '+', low, target} : CountdownStep{x, '-', r, target};
    case '+':
      return {r, '-', x, target};
    case '*':
      return {r, '/', x, target};
    default:
      return target >= x ? CountdownStep{high, '*', low, target} : CountdownStep{x, '/', r, target};
  }
}

CountdownState without(const CountdownState& state, std::size_t i, std::size_t j) {
  CountdownState rest;
  for (std::size_t k = 0; k < state.size(); ++k)
    if (k != i && k != j) rest.push_back(state[k]);
  return rest;
}

class MatchWriter {
 public:
  MatchWriter(const CountdownConfig& config, std::int64_t target) : config_(config), target_(target) {}

  std::optional<CountdownMatch> write(CountdownState numbers) {
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    text_ = fmt::format("{}\n", fmt::join(numbers, ","));
    if (!search(numbers, false)) return std::nullopt;
    return CountdownMatch{std::move(text_), std::move(solution_)};
  }

 private:
  bool too_long() const { return static_cast<std::int64_t>(text_.size()) > config_.max_trace_chars; }

  /// True once the solution is found; `solution_` then holds its steps from `state` on.
  bool search(const CountdownState& state, bool below) {
    if (state.size() == 3) return match(state);
    std::int64_t num_moves = 0;
    for (std::size_t i = 0; i < state.size(); ++i) {
      for (std::size_t j = i + 1; j < state.size(); ++j) {
        for (const CountdownStep& step : combine(state[i], state[j], config_.max_match)) {
          if (too_long() || (below && num_moves++ == config_.moves_below)) return false;
          CountdownState next = without(state, i, j);
          next.insert(std::upper_bound(next.begin(), next.end(), step.result, std::greater<>()), step.result);
          text_ += fmt::format("{}:{}\n", step.text(), fmt::join(next, ","));
          solution_.push_back(step);
          if (search(next, state.size() == 5)) return true;
          solution_.pop_back();
        }
      }
    }
    return false;
  }

  /// The three lines of a 3-number state.
  bool match(const CountdownState& state) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t x = state[i];
      const std::vector<CountdownStep> links = combine(x, target_, config_.max_match);
      text_ += fmt::format("{},{}", x, target_);
      for (const CountdownStep& link : links) text_ += fmt::format("{}{}", link.op, link.result);
      const std::int64_t y = state[i == 0 ? 1 : 0];
      const std::int64_t z = state[i == 2 ? 1 : 2];
      text_ += fmt::format("|{},{}", y, z);
      for (const CountdownStep& step : combine(y, z, config_.max_match)) {
        text_ += fmt::format("{}{}", step.op, step.result);
        const auto link =
            std::find_if(links.begin(), links.end(), [&](const auto& l) { return l.result == step.result; });
        if (link == links.end()) continue;
        text_ += "!";
        solution_.push_back(step);
        solution_.push_back(closing_step(*link, x, target_));
        return !too_long();
      }
      text_ += "\n";
    }
    return false;
  }

  const CountdownConfig& config_;
  std::int64_t target_;
  std::string text_;
  std::vector<CountdownStep> solution_;
};

}  // namespace

std::optional<CountdownMatch> match_countdown(const CountdownConfig& config, const CountdownState& numbers,
                                              std::int64_t target) {
  R1_CHECK(numbers.size() >= 3 && numbers.size() <= 5, "a countdown search needs 3 to 5 numbers, not {}",
           numbers.size());
  return MatchWriter(config, target).write(numbers);
}

std::string match_completion(const CountdownMatch& match) {
  const CountdownAnswer composed = compose_countdown_answer(match.solution);
  return fmt::format("<think>{}{}</think><answer>{}</answer>", match.text, fmt::join(composed.expansions, ";"),
                     composed.answer);
}

}  // namespace r1::data
