// Draws chains of operations and writes them as words, as an expression, as rewriting steps and as tests.
#include "r1/data/problems/code_function.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "r1/core/error.h"
#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

using Chain = std::vector<CodeOperation>;

constexpr std::array<std::int64_t, 12> kInputs = {-31, -12, -5, -2, -1, 0, 1, 2, 4, 7, 19, 83};

std::int64_t floor_mod(std::int64_t value, std::int64_t divisor) { return (value % divisor + divisor) % divisor; }

std::int64_t apply(const CodeOperation& operation, std::int64_t value) {
  switch (operation.kind) {
    case '+':
      return value + operation.amount;
    case '-':
      return value - operation.amount;
    case '*':
      return value * operation.amount;
    case '%':
      return floor_mod(value, operation.amount);
    case 'M':
      return std::min(value, operation.amount);
    case 'm':
      return std::max(value, operation.amount);
    case 'a':
      return std::abs(value);
    default:
      R1_CHECK(false, "unknown operation {}", operation.kind);
  }
}

/// The operation done to the expression `inner`; `is_sum`: whether inner needs parentheses before * or %.
std::string wrap(const CodeOperation& operation, const std::string& inner, bool& is_sum) {
  const bool needs_parentheses = is_sum && (operation.kind == '*' || operation.kind == '%');
  is_sum = operation.kind == '+' || operation.kind == '-';
  switch (operation.kind) {
    case 'M':
      return fmt::format("min({},{})", inner, operation.amount);
    case 'm':
      return fmt::format("max({},{})", inner, operation.amount);
    case 'a':
      return fmt::format("abs({})", inner);
    default:
      return fmt::format(fmt::runtime(needs_parentheses ? "({}){}{}" : "{}{}{}"), inner, operation.kind,
                         operation.amount);
  }
}

/// What is still to be done, as a step shows it: "*2", "min 9", "abs".
std::string to_do(const CodeOperation& operation) {
  if (operation.kind == 'a') return "abs";
  if (operation.kind == 'M') return fmt::format("min {}", operation.amount);
  if (operation.kind == 'm') return fmt::format("max {}", operation.amount);
  return fmt::format("{}{}", operation.kind, operation.amount);
}

std::string in_words(const CodeOperation& operation, const std::string& language) {
  struct Words {
    char kind;
    const char* en;
    const char* zh;
  };
  static constexpr std::array<Words, 7> kWords = {{{'+', "add {}", "加 {}"},
                                                   {'-', "minus {}", "减 {}"},
                                                   {'*', "times {}", "乘 {}"},
                                                   {'%', "mod {}", "mod {}"},
                                                   {'M', "at most {}", "最多 {}"},
                                                   {'m', "at least {}", "最少 {}"},
                                                   {'a', "abs", "abs"}}};
  const auto words =
      std::find_if(kWords.begin(), kWords.end(), [&](const Words& w) { return w.kind == operation.kind; });
  const char* form = language == "zh" ? words->zh : words->en;
  return fmt::format(fmt::runtime(form), operation.amount);
}

CodeOperation draw_operation(const std::string& kinds, std::int64_t max_amount, core::Rng& rng) {
  const char kind = kinds[rng.below(kinds.size())];
  if (kind == 'a') return {kind, 0};
  return {kind, rng.between(kind == '*' || kind == '%' ? 2 : 1, max_amount)};
}

/// Level 1: one operation with an amount up to 40. Level 2: two. Level 3: three, or two and a condition at any place
/// but the first.
Chain draw_chain(std::int64_t level, core::Rng& rng) {
  if (level == 1) return {draw_operation("+-*%", 40, rng)};
  Chain chain;
  for (int i = 0; i < 2; ++i) chain.push_back(draw_operation("+-*", 9, rng));
  if (level == 3) {
    const CodeOperation third = draw_operation("+-*Mma", 9, rng);
    const bool condition = third.kind == 'M' || third.kind == 'm' || third.kind == 'a';
    chain.insert(chain.begin() + static_cast<std::ptrdiff_t>(condition ? 1 + rng.below(2) : 2), third);
  }
  return chain;
}

/// Python evaluates both alike on every test input.
bool same_on_tests(const Chain& a, const Chain& b) {
  return std::all_of(kInputs.begin(), kInputs.end(),
                     [&](std::int64_t x) { return apply_chain(a, x) == apply_chain(b, x); });
}

/// No operation, nor several together, can be left out unnoticed: "abs" of what is positive, "+3" before "-3".
bool is_irreducible(const Chain& chain) {
  for (std::size_t kept = 0; kept + 1 < std::size_t{1} << chain.size(); ++kept) {  // bit i: operation i is kept
    Chain part;
    for (std::size_t i = 0; i < chain.size(); ++i)
      if ((kept >> i & 1) != 0) part.push_back(chain[i]);
    if (same_on_tests(chain, part)) return false;
  }
  return true;
}

/// A wrong constant or another operation somewhere in the chain.
Chain draw_slip(const Chain& chain, core::Rng& rng) {
  Chain wrong = chain;
  CodeOperation& operation = wrong[rng.below(wrong.size())];
  if (operation.kind != 'a' && rng.below(2) == 0) {
    const std::int64_t least = operation.kind == '*' || operation.kind == '%' ? 2 : 1;
    operation.amount = std::max(least, operation.amount + (rng.below(2) == 0 ? 1 : -1));
    return wrong;
  }
  const std::int64_t amount = operation.kind == 'a' ? rng.between(2, 9) : std::max<std::int64_t>(2, operation.amount);
  operation = {"+-*"[rng.below(3)], amount};
  return wrong;
}

std::vector<std::string> draw_choices(const Chain& chain, core::Rng& rng) {
  constexpr std::size_t kNumChoices = 4;
  std::vector<std::string> choices;
  while (choices.size() < kNumChoices) {
    const Chain wrong = draw_slip(chain, rng);
    if (!same_on_tests(chain, wrong)) choices.push_back(chain_expression(wrong));
  }
  return choices;
}

std::string tests_json(const Chain& chain) {
  std::vector<std::string> pairs;
  for (const std::int64_t x : kInputs)
    pairs.push_back(fmt::format(R"({{"input":{},"output":{}}})", x, apply_chain(chain, x)));
  return fmt::format("[{}]", fmt::join(pairs, ","));
}

/// "x+3,*2,min 9", "(x+3)*2,min 9", "min((x+3)*2,9)".
std::vector<std::string> rewrite_chain(const Chain& chain) {
  std::vector<std::string> steps;
  for (std::size_t done = 1; done <= chain.size(); ++done) {
    std::string step = chain_expression({chain.begin(), chain.begin() + static_cast<std::ptrdiff_t>(done)});
    for (std::size_t i = done; i < chain.size(); ++i) step += "," + to_do(chain[i]);
    steps.push_back(step);
  }
  return steps;
}

}  // namespace

std::int64_t apply_chain(const std::vector<CodeOperation>& chain, std::int64_t input) {
  for (const CodeOperation& operation : chain) input = apply(operation, input);
  return input;
}

std::string chain_expression(const std::vector<CodeOperation>& chain) {
  std::string expression = "x";
  bool is_sum = false;
  for (const CodeOperation& operation : chain) expression = wrap(operation, expression, is_sum);
  return expression;
}

GeneratedProblem generate_code_function(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"code_function", "code", level, language};
  check_ask(ask);
  Chain chain = draw_chain(level, rng);
  while (!is_irreducible(chain)) chain = draw_chain(level, rng);
  const std::string answer = chain_expression(chain);
  std::vector<std::string> words;
  for (const CodeOperation& operation : chain) words.push_back(in_words(operation, language));
  const std::string described = fmt::format("{}", fmt::join(words, language == "zh" ? "，再" : ", then "));
  static const Phrasings kWrite = {{"Write f(x): {0}.", "Python f(x): {0}?"}, {"写 f(x)：{0}。", "Python f(x)：{0}？"}};
  GeneratedProblem out = text_problem(ask, answer, answer, {});
  out.problem.verifier = "code";
  out.problem.prompt = phrase(kWrite, language, {described}, rng);
  out.problem.tests = {tests_json(chain)};
  out.steps = rewrite_chain(chain);
  out.choices = draw_choices(chain, rng);
  return out;
}

}  // namespace r1::data
