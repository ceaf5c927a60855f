// Arithmetic families: chain_sum, mixed_ops, gcd (Euclid), modulo. Numbers are small, steps rewrite what is left.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

const Phrasings kCompute = {{"Compute {0}.", "What is {0}?"}, {"计算 {0}。", "{0} 等于多少？"}};

GeneratedProblem expression_problem(const Ask& ask, const std::string& expression, core::Rng& rng) {
  std::vector<std::string> steps = rewrite_expression(expression);
  GeneratedProblem out = number_problem(ask, expression, steps.back());
  out.problem.prompt = phrase(kCompute, ask.language, {expression}, rng);
  out.steps = std::move(steps);
  return out;
}

}  // namespace

/// Level k: k + 2 terms.
GeneratedProblem generate_chain_sum(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"chain_sum", "maths", level, language};
  check_ask(ask);
  std::vector<std::int64_t> terms(level + 2);
  for (std::int64_t& term : terms) term = rng.between(1, 8);
  return expression_problem(ask, fmt::format("{}", fmt::join(terms, "+")), rng);
}

/// Level k has k products and, but for level 2 and 3 in half of the cases, one more number.
GeneratedProblem generate_mixed_ops(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"mixed_ops", "maths", level, language};
  check_ask(ask);
  std::vector<std::string> terms;
  for (std::int64_t i = 0; i < level; ++i) terms.push_back(fmt::format("{}*{}", rng.between(2, 5), rng.between(2, 5)));
  if (level == 1 || rng.below(2) == 0) terms.push_back(std::to_string(rng.between(1, 9)));
  rng.shuffle(terms);
  return expression_problem(ask, fmt::format("{}", fmt::join(terms, "+")), rng);
}

/// Built backwards from the answer, so that every divisor in 2..20 is as likely as any other; level + 1 divisions.
GeneratedProblem generate_gcd(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"gcd", "maths", level, language};
  check_ask(ask);
  const std::int64_t divisor = rng.between(2, 20);
  std::int64_t small = divisor;
  std::int64_t large = divisor * rng.between(2, level == 1 ? 5 : 4);
  for (std::int64_t i = 0; i < level; ++i) {
    const std::int64_t next = large * rng.between(1, level == 1 ? 4 : 2) + small;
    small = std::exchange(large, next);
  }
  const std::string pair = fmt::format("{},{}", large, small);
  static const Phrasings kGcd = {{"gcd({0})?", "What is the greatest common divisor of {0}?"},
                                 {"求 {0} 的最大公约数。", "gcd({0}) 是多少？"}};
  GeneratedProblem out = number_problem(ask, pair, std::to_string(divisor));
  out.problem.prompt = phrase(kGcd, language, {pair}, rng);
  out.steps = resume_gcd(pair);
  out.steps.insert(out.steps.begin(), pair);
  return out;
}

/// "48,18" -> "18,12", "12,6", "6,0", "6".
std::vector<std::string> resume_gcd(const std::string& step) {
  std::vector<std::string> steps;
  const std::size_t comma = step.find(',');
  if (comma == std::string::npos) return steps;
  std::int64_t a = std::strtoll(step.c_str(), nullptr, 10);
  std::int64_t b = std::strtoll(step.c_str() + comma + 1, nullptr, 10);
  while (b != 0) {
    a = std::exchange(b, a % b);
    steps.push_back(fmt::format("{},{}", a, b));
  }
  steps.push_back(std::to_string(a));
  return steps;
}

/// The remainder is drawn first and uniformly: drawing the dividend first would make 0 and 1 far too frequent.
GeneratedProblem generate_modulo(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"modulo", "maths", level, language};
  check_ask(ask);
  const std::int64_t max_divisor = 5 + 10 * level;
  const std::int64_t remainder = rng.between(0, 7 + 5 * level);
  const std::int64_t divisor = rng.between(std::max<std::int64_t>(3, remainder + 1), max_divisor);
  const std::int64_t quotient = rng.between(1, 3 + 3 * level);
  const std::int64_t product = divisor * quotient;
  const std::int64_t dividend = product + remainder;
  static const Phrasings kModulo = {{"{0} mod {1} = ?", "What is the remainder of {0} divided by {1}?"},
                                    {"{0} mod {1} 等于多少？", "{0} 除以 {1} 的余数是多少？"}};
  const std::string answer = std::to_string(remainder);
  GeneratedProblem out = number_problem(ask, fmt::format("{}%{}", dividend, divisor), answer);
  out.problem.prompt = phrase(kModulo, language, {std::to_string(dividend), std::to_string(divisor)}, rng);
  out.steps = {fmt::format("{}*{}={}", divisor, quotient, product),
               fmt::format("{}-{}={}", dividend, product, remainder), answer};
  return out;
}

}  // namespace r1::data
