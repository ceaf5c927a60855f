// Algebra families: linear_equation (one unknown, whole solutions) and sequence_next (differences rewritten until
// constant).
#include <fmt/format.h>

#include <cstdio>

#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

using Sequence = std::vector<std::int64_t>;

std::string join(const Sequence& terms) { return fmt::format("{}", fmt::join(terms, ",")); }

Sequence differences(const Sequence& terms) {
  Sequence out;
  for (std::size_t i = 1; i < terms.size(); ++i) out.push_back(terms[i] - terms[i - 1]);
  return out;
}

/// Starts at `first` and adds each of `steps`.
Sequence accumulate(std::int64_t first, const Sequence& steps) {
  Sequence out = {first};
  for (const std::int64_t step : steps) out.push_back(out.back() + step);
  return out;
}

std::string addition(std::int64_t a, std::int64_t b) {
  return b < 0 ? fmt::format("{}-{}={}", a, -b, a + b) : fmt::format("{}+{}={}", a, b, a + b);
}

/// Shown terms and next one apart, plus the steps that lead to it.
struct SequenceTask {
  Sequence shown;
  std::int64_t next = 0;
  std::vector<std::string> steps;
};

SequenceTask arithmetic_progression(core::Rng& rng) {
  const Sequence all = accumulate(rng.between(1, 20), Sequence(4, rng.between(2, 9)));
  SequenceTask task{{all.begin(), all.end() - 1}, all.back(), {}};
  task.steps = {join(differences(task.shown)), addition(task.shown.back(), all[1] - all[0])};
  return task;
}

SequenceTask quadratic(core::Rng& rng) {
  const std::int64_t second = rng.between(1, 4);
  const Sequence steps = accumulate(rng.between(1, 9), Sequence(3, second));
  const Sequence all = accumulate(rng.between(1, 12), steps);
  SequenceTask task{{all.begin(), all.end() - 1}, all.back(), {}};
  const Sequence first = differences(task.shown);
  task.steps = {join(first), join(differences(first)), addition(first.back(), second),
                addition(task.shown.back(), steps.back())};
  return task;
}

/// +up, -down, +up, -down, then +up.
SequenceTask alternating(core::Rng& rng) {
  const std::int64_t up = rng.between(3, 9);
  const std::int64_t down = rng.between(1, up - 1);
  const Sequence all = accumulate(rng.between(1, 20), {up, -down, up, -down, up});
  SequenceTask task{{all.begin(), all.end() - 1}, all.back(), {}};
  task.steps = {join(differences(task.shown)), addition(task.shown.back(), up)};
  return task;
}

SequenceTask geometric(core::Rng& rng) {
  const std::int64_t ratio = rng.between(2, 3);
  SequenceTask task{{rng.between(1, ratio == 2 ? 12 : 5)}, 0, {}};
  while (task.shown.size() < 4) task.shown.push_back(task.shown.back() * ratio);
  task.next = task.shown.back() * ratio;
  task.steps = {fmt::format("*{0},*{0},*{0}", ratio), fmt::format("{}*{}={}", task.shown.back(), ratio, task.next)};
  return task;
}

}  // namespace

GeneratedProblem generate_linear_equation(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"linear_equation", "maths", level, language};
  check_ask(ask);
  const std::int64_t x = rng.between(1, 12);
  const std::int64_t a = rng.between(2, 5);
  const std::int64_t b = rng.between(1, 12);
  std::string equation;
  if (level == 1) {
    equation = fmt::format("{}*x+{}={}", a, b, a * x + b);
  } else if (level == 2) {
    const std::int64_t inner = rng.between(1, 6);
    equation = fmt::format("{}*(x+{})+{}={}", a, inner, b, a * (x + inner) + b);
  } else {
    const std::int64_t other = rng.between(2, 9);
    equation = fmt::format("{}*x+{}={}*x+{}", a + other, b, other, a * x + b);
  }
  static const Phrasings kSolve = {{"Solve {0} for x.", "{0}, x=?"}, {"解方程 {0}。", "{0}，求 x。"}};
  GeneratedProblem out = number_problem(ask, equation, std::to_string(x));
  out.problem.prompt = phrase(kSolve, language, {equation}, rng);
  out.steps = resume_linear_equation(equation);
  return out;
}

/// One change a step until "x=n"; a quotient that is not whole is cut off (a wrong step may lead there).
std::vector<std::string> resume_linear_equation(const std::string& step) {
  std::vector<std::string> steps;
  std::string line = step;
  long long a = 0;
  long long b = 0;
  long long c = 0;
  long long d = 0;
  while (true) {
    // Every pattern has to match up to the line's end: %n stays -1 otherwise.
    int n = -1;
    const int length = static_cast<int>(line.size());
    if (std::sscanf(line.c_str(), "%lld*x+%lld=%lld*x+%lld%n", &a, &b, &c, &d, &n) == 4 && n == length)
      line = fmt::format("{}*x+{}={}", a - c, b, d);
    else if (std::sscanf(line.c_str(), "%lld*(x+%lld)+%lld=%lld%n", &a, &b, &c, &d, &n) == 4 && n == length)
      line = fmt::format("{}*(x+{})={}", a, b, d - c);
    else if (std::sscanf(line.c_str(), "%lld*(x+%lld)=%lld%n", &a, &b, &c, &n) == 3 && n == length && a != 0)
      line = fmt::format("x+{}={}", b, c / a);
    else if (std::sscanf(line.c_str(), "%lld*x+%lld=%lld%n", &a, &b, &c, &n) == 3 && n == length)
      line = fmt::format("{}*x={}", a, c - b);
    else if (std::sscanf(line.c_str(), "%lld*x=%lld%n", &a, &b, &n) == 2 && n == length && a != 0)
      line = fmt::format("x={}", b / a);
    else if (std::sscanf(line.c_str(), "x+%lld=%lld%n", &a, &b, &n) == 2 && n == length)
      line = fmt::format("x={}", b - a);
    else
      return steps;
    steps.push_back(line);
  }
}

GeneratedProblem generate_sequence_next(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"sequence_next", "maths", level, language};
  check_ask(ask);
  SequenceTask task;
  if (level == 1)
    task = arithmetic_progression(rng);
  else if (level == 2)
    task = quadratic(rng);
  else
    task = rng.below(5) == 0 ? geometric(rng) : alternating(rng);  // geometric: few distinct ones with small numbers
  static const Phrasings kNext = {{"What comes next: {0}?", "Next number: {0}"},
                                  {"下一个数是多少：{0}？", "找规律：{0}"}};
  const std::string shown = join(task.shown);
  GeneratedProblem out = number_problem(ask, shown, std::to_string(task.next));
  out.problem.prompt = phrase(kNext, language, {shown}, rng);
  out.steps = std::move(task.steps);
  return out;
}

}  // namespace r1::data
