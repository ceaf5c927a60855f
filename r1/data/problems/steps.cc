// Phrasing and arithmetic rewriting shared by the generators. It generates nothing itself.
#include "r1/data/problems/steps.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>

#include "r1/core/error.h"

namespace r1::data {
namespace {

struct Expression {
  std::vector<std::int64_t> numbers;
  std::string operators;  // operators[i] stands between numbers[i] and numbers[i + 1]
};

Expression parse(const std::string& text) {
  Expression out;
  std::int64_t number = 0;
  bool digits = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      digits = true;
      continue;
    }
    R1_CHECK(digits && (c == '+' || c == '-' || c == '*'), "\"{}\" is no flat expression of + - *", text);
    out.numbers.push_back(number);
    out.operators += c;
    number = 0;
    digits = false;
  }
  R1_CHECK(digits, "\"{}\" ends without a number", text);
  out.numbers.push_back(number);
  return out;
}

std::string to_text(const Expression& expression) {
  std::string text = std::to_string(expression.numbers[0]);
  for (std::size_t i = 0; i < expression.operators.size(); ++i)
    text += expression.operators[i] + std::to_string(expression.numbers[i + 1]);
  return text;
}

void reduce(Expression& expression, std::size_t at) {
  const std::int64_t a = expression.numbers[at];
  const std::int64_t b = expression.numbers[at + 1];
  const char op = expression.operators[at];
  expression.numbers[at] = op == '*' ? a * b : op == '+' ? a + b : a - b;
  expression.numbers.erase(expression.numbers.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  expression.operators.erase(at, 1);
}

}  // namespace

std::string phrase(const Phrasings& phrasings, const std::string& language, const std::vector<std::string>& parts,
                   core::Rng& rng) {
  const auto& forms = language == "zh" ? phrasings.zh : phrasings.en;
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  for (const std::string& part : parts) arguments.push_back(part);
  return fmt::vformat(forms[rng.below(forms.size())], arguments);
}

std::vector<std::string> rewrite_expression(const std::string& text) {
  Expression expression = parse(text);
  std::vector<std::string> steps;
  while (!expression.operators.empty()) {
    const std::size_t product = expression.operators.find('*');
    reduce(expression, product == std::string::npos ? 0 : product);
    steps.push_back(to_text(expression));
  }
  return steps;
}

std::string multiply_out(const std::string& text) {
  Expression expression = parse(text);
  for (std::size_t at = expression.operators.find('*'); at != std::string::npos; at = expression.operators.find('*'))
    reduce(expression, at);
  return to_text(expression);
}

std::string last_number(const std::string& step) {
  std::size_t begin = step.size();
  while (begin > 0 && step[begin - 1] >= '0' && step[begin - 1] <= '9') --begin;
  return step.substr(begin);
}

void check_ask(const Ask& ask) {
  if (ask.level < 1 || ask.level > 3) user_error("family {} has levels 1 to 3, not {}", ask.family, ask.level);
  if (ask.language != "en" && ask.language != "zh")
    user_error("problems are written in en or zh, not \"{}\"", ask.language);
}

GeneratedProblem number_problem(const Ask& ask, const std::string& canonical, const std::string& answer) {
  GeneratedProblem out;
  out.problem.family = ask.family;
  out.problem.domain = ask.domain;
  out.problem.difficulty = ask.level;
  out.problem.language = ask.language;
  out.problem.answer = answer;
  out.problem.verifier = "number";
  out.problem.source = "generator";
  out.problem.canonical = fmt::format("{}:{}", ask.family, canonical);
  return out;
}

GeneratedProblem text_problem(const Ask& ask, const std::string& canonical, const std::string& answer,
                              std::vector<std::string> choices) {
  GeneratedProblem out = number_problem(ask, canonical, answer);
  out.problem.verifier = "text";
  out.choices = std::move(choices);
  return out;
}

}  // namespace r1::data
