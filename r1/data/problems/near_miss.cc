// Near misses and sloppy work. Nothing here ever returns the right answer.
#include "r1/data/problems/near_miss.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "r1/core/error.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "36 m/s" -> "36", " m/s".
std::pair<std::string, std::string> split_unit(const std::string& answer) {
  std::size_t end = 0;
  while (end < answer.size() && is_digit(answer[end])) ++end;
  return {answer.substr(0, end), answer.substr(end)};
}

std::string slip_digit(std::string number, core::Rng& rng) {
  const std::size_t at = rng.below(number.size());
  number[at] = static_cast<char>('0' + (number[at] - '0' + 1 + rng.below(9)) % 10);
  return std::to_string(std::stoll(number));  // no leading zero
}

/// One number of the step, drawn uniformly, becomes a near miss.
std::string corrupt_number(const std::string& step, core::Rng& rng) {
  std::vector<std::pair<std::size_t, std::size_t>> numbers;  // begin, end
  for (std::size_t i = 0; i < step.size();) {
    std::size_t end = i;
    while (end < step.size() && is_digit(step[end])) ++end;
    if (end > i) numbers.emplace_back(i, end);
    i = end > i ? end : i + 1;
  }
  R1_CHECK(!numbers.empty(), "step \"{}\" holds no number", step);
  const auto [begin, end] = numbers[rng.below(numbers.size())];
  return step.substr(0, begin) + near_number(step.substr(begin, end - begin), rng) + step.substr(end);
}

/// A step before the last goes wrong and the rest follows from it; none when the family cannot go on, or when the slip
/// cancels out.
std::optional<SloppyWork> carry_through(const GeneratedProblem& problem, core::Rng& rng) {
  const auto resume = find_family(problem.problem.family).resume;
  if (resume == nullptr || problem.steps.size() < 2) return std::nullopt;
  const std::size_t wrong = rng.below(problem.steps.size() - 1);
  SloppyWork work;
  work.steps.assign(problem.steps.begin(), problem.steps.begin() + static_cast<std::ptrdiff_t>(wrong));
  work.steps.push_back(corrupt_number(problem.steps[wrong], rng));
  std::vector<std::string> rest = resume(work.steps.back());
  if (rest.empty()) return std::nullopt;  // "0*x=5": nothing follows
  std::move(rest.begin(), rest.end(), std::back_inserter(work.steps));
  const std::string unit = split_unit(problem.problem.answer).second;
  work.answer = last_number(work.steps.back()) + unit;
  work.steps.back() += unit;
  // A minus would be lost by last_number: a slip to a negative number is drawn again as another kind.
  const bool negative = work.steps.back().find('-') != std::string::npos;
  if (work.answer == unit || work.answer == problem.problem.answer || negative) return std::nullopt;
  return work;
}

SloppyWork last_step_wrong(const GeneratedProblem& problem, core::Rng& rng) {
  SloppyWork work{problem.steps, near_miss(problem, rng)};
  std::string& last = work.steps.back();
  const std::size_t at = last.rfind(problem.problem.answer);
  R1_CHECK(at != std::string::npos, "step \"{}\" does not hold the answer {}", last, problem.problem.answer);
  last.replace(at, problem.problem.answer.size(), work.answer);
  return work;
}

}  // namespace

std::string near_number(const std::string& number, core::Rng& rng) {
  const std::int64_t truth = std::stoll(number);
  while (true) {
    std::string guess;
    switch (rng.below(5)) {
      case 0:
        guess = std::to_string(truth + 1);
        break;
      case 1:
        guess = std::to_string(truth - 1);
        break;
      case 2:
        guess = std::to_string(truth + (rng.below(2) == 0 ? 2 : -2));
        break;
      case 3:
        guess = std::to_string(truth + (rng.below(2) == 0 ? 10 : -10));
        break;
      default:
        guess = slip_digit(number, rng);
        break;
    }
    if (guess[0] != '-' && guess != number) return guess;
  }
}

std::string near_miss(const GeneratedProblem& problem, core::Rng& rng) {
  if (!problem.choices.empty()) return problem.choices[rng.below(problem.choices.size())];
  const auto [number, unit] = split_unit(problem.problem.answer);
  R1_CHECK(!number.empty(), "answer \"{}\" has no number and no choices", problem.problem.answer);
  return near_number(number, rng) + unit;
}

SloppyWork sloppy_work(const GeneratedProblem& problem, core::Rng& rng) {
  const std::size_t num_steps = problem.steps.size();
  if (num_steps > 1 && rng.below(2) == 0) {
    const auto kept = static_cast<std::ptrdiff_t>(1 + rng.below(num_steps - 1));
    return {{problem.steps.begin(), problem.steps.begin() + kept}, near_miss(problem, rng)};
  }
  if (rng.below(2) == 0)
    if (std::optional<SloppyWork> work = carry_through(problem, rng)) return std::move(*work);
  return last_step_wrong(problem, rng);
}

Reflection reflect(const GeneratedProblem& problem, core::Rng& rng) {
  const std::size_t last = problem.steps.size() - 1;
  std::size_t at = rng.below(problem.steps.size());
  if (std::none_of(problem.steps[at].begin(), problem.steps[at].end(), is_digit)) at = last;  // names, truth values
  const std::string wrong =
      at == last ? last_step_wrong(problem, rng).steps.back() : corrupt_number(problem.steps[at], rng);
  Reflection out{problem.steps, at + 1};
  out.steps.insert(out.steps.begin() + static_cast<std::ptrdiff_t>(at), wrong);
  return out;
}

SloppyWork ramble(const GeneratedProblem& problem, core::Rng& rng) {
  SloppyWork work = sloppy_work(problem, rng);
  const std::size_t at = rng.below(work.steps.size());
  const std::string step = work.steps[at];
  work.steps.insert(work.steps.begin() + static_cast<std::ptrdiff_t>(at), 6 + rng.below(3), step);
  return work;
}

}  // namespace r1::data
