// Logic families: substitution (follow definitions), ordering (who is first or last), truth_value (yes / no).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

constexpr std::array<const char*, 16> kNames = {"Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal",
                                                "Ida", "Jim", "Kay", "Leo", "Mia", "Ned", "Pam", "Ray"};

/// A definition `operation amount` of a variable by the one before it: +3, -2, *2.
struct Operation {
  char op;
  std::int64_t amount;
  std::int64_t apply(std::int64_t value) const {
    return op == '*' ? value * amount : op == '+' ? value + amount : value - amount;
  }
};

/// Keeps values in 0..99.
Operation draw_operation(std::int64_t value, core::Rng& rng) {
  while (true) {
    const char op = "+-*"[rng.below(3)];
    const Operation operation{op, op == '*' ? rng.between(2, 3) : rng.between(1, 9)};
    const std::int64_t result = operation.apply(value);
    if (result >= 0 && result <= 99) return operation;
  }
}

/// `count` distinct letters: a, b, c, ... or, shuffled, any of the first eight.
std::vector<std::string> draw_letters(std::size_t count, bool shuffled, core::Rng& rng) {
  std::vector<std::string> letters = {"a", "b", "c", "d", "e", "f", "g", "h"};
  if (shuffled) rng.shuffle(letters);
  letters.resize(count);
  return letters;
}

using Tokens = std::vector<std::string>;

/// Rewrites one operator of "T and not F": not first, then and, then or, each from the left. False when none is left.
bool reduce_truth(Tokens& tokens) {
  for (const char* op : {"not", "and", "or"}) {
    const auto at = std::find(tokens.begin(), tokens.end(), op);
    if (at == tokens.end()) continue;
    if (*at == "not") {
      *at = *(at + 1) == "T" ? "F" : "T";
      tokens.erase(at + 1);
      return true;
    }
    const bool a = *(at - 1) == "T";
    const bool b = *(at + 1) == "T";
    *(at - 1) = (*at == "and" ? a && b : a || b) ? "T" : "F";
    tokens.erase(at, at + 2);
    return true;
  }
  return false;
}

/// "not T and F or T": each operator and each "not" with even odds.
Tokens draw_statement(std::int64_t num_literals, core::Rng& rng) {
  Tokens tokens;
  for (std::int64_t i = 0; i < num_literals; ++i) {
    if (i > 0) tokens.push_back(rng.below(2) == 0 ? "and" : "or");
    if (rng.below(2) == 0) tokens.push_back("not");
    tokens.push_back(rng.below(2) == 0 ? "T" : "F");
  }
  return tokens;
}

std::string join(const Tokens& tokens, const char* separator) {
  return fmt::format("{}", fmt::join(tokens, separator));
}

/// Relations "A>B" in `listed` order, merged into one chain: each step is the chain so far and the relations still
/// apart.
std::vector<std::string> merge_relations(std::vector<std::array<std::string, 2>> listed) {
  std::vector<std::string> steps;
  Tokens chain = {listed[0][0], listed[0][1]};
  listed.erase(listed.begin());
  while (!listed.empty()) {
    const auto at = std::find_if(listed.begin(), listed.end(),
                                 [&](const auto& r) { return r[0] == chain.back() || r[1] == chain.front(); });
    if ((*at)[0] == chain.back())
      chain.push_back((*at)[1]);
    else
      chain.insert(chain.begin(), (*at)[0]);
    listed.erase(at);
    std::string step = join(chain, ">");
    for (const auto& [high, low] : listed) step += "," + high + ">" + low;
    steps.push_back(step);
  }
  return steps;
}

}  // namespace

/// Levels 1, 2: a chain of 3, 4 variables in order; level 3: 3 variables, letters and definitions shuffled.
GeneratedProblem generate_substitution(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"substitution", "logic", level, language};
  check_ask(ask);
  const std::size_t count = level == 2 ? 4 : 3;
  const std::vector<std::string> letters = draw_letters(count, level == 3, rng);
  std::int64_t value = rng.between(1, 9);
  std::vector<std::string> definitions = {fmt::format("{}={}", letters[0], value)};
  std::string canonical = std::to_string(value);
  std::vector<std::string> steps;
  for (std::size_t i = 1; i < count; ++i) {
    const Operation operation = draw_operation(value, rng);
    const std::int64_t result = operation.apply(value);
    definitions.push_back(fmt::format("{}={}{}{}", letters[i], letters[i - 1], operation.op, operation.amount));
    steps.push_back(fmt::format("{}={}{}{}={}", letters[i], value, operation.op, operation.amount, result));
    canonical += fmt::format("{}{}", operation.op, operation.amount);
    value = result;
  }
  if (level == 3) rng.shuffle(definitions);
  static const Phrasings kFind = {{"{0}. What is {1}?", "Given {0}, find {1}."},
                                  {"{0}。求 {1}。", "已知 {0}，{1} 是多少？"}};
  // Neither letters nor the order of the definitions make another problem.
  GeneratedProblem out = number_problem(ask, canonical, std::to_string(value));
  out.problem.prompt = phrase(kFind, language, {join(definitions, ", "), letters.back()}, rng);
  out.steps = std::move(steps);
  return out;
}

/// Level k: k + 2 people.
GeneratedProblem generate_ordering(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"ordering", "logic", level, language};
  check_ask(ask);
  Tokens people(kNames.begin(), kNames.end());
  rng.shuffle(people);
  people.resize(level + 2);
  std::vector<std::array<std::string, 2>> relations;
  for (std::size_t i = 1; i < people.size(); ++i) relations.push_back({people[i - 1], people[i]});
  rng.shuffle(relations);
  Tokens listed;
  for (const auto& [high, low] : relations) listed.push_back(high + ">" + low);

  const bool first = rng.below(2) == 0;
  static const Phrasings kFirst = {{"{0}. Who is first?", "{0}. Who is biggest?"},
                                   {"{0}。谁最大？", "{0}。谁排第一？"}};
  static const Phrasings kLast = {{"{0}. Who is last?", "{0}. Who is smallest?"}, {"{0}。谁最小？", "{0}。谁排最后？"}};
  Tokens others = people;
  const std::string answer = first ? people.front() : people.back();
  others.erase(first ? others.begin() : others.end() - 1);
  GeneratedProblem out = text_problem(ask, join(people, ">") + (first ? ":first" : ":last"), answer, others);
  out.problem.prompt = phrase(first ? kFirst : kLast, language, {join(listed, ", ")}, rng);
  out.steps = merge_relations(relations);
  out.steps.push_back(answer);
  return out;
}

/// Level k: k + 2 literals. Whether it holds is drawn first: as many yes as no.
GeneratedProblem generate_truth_value(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"truth_value", "logic", level, language};
  check_ask(ask);
  const bool holds = rng.below(2) == 0;
  std::string statement;
  std::vector<std::string> steps;
  do {
    Tokens tokens = draw_statement(level + 2, rng);
    statement = join(tokens, " ");
    steps.clear();
    while (reduce_truth(tokens)) steps.push_back(join(tokens, " "));
  } while ((steps.back() == "T") != holds);
  steps.push_back(holds ? "yes" : "no");
  static const Phrasings kHolds = {{"{0}: yes or no?", "Is {0} true? Answer yes or no."},
                                   {"{0}：yes 还是 no？", "{0} 成立吗？回答 yes 或 no。"}};
  GeneratedProblem out = text_problem(ask, statement, steps.back(), {holds ? "no" : "yes"});
  out.problem.prompt = phrase(kHolds, language, {statement}, rng);
  out.steps = std::move(steps);
  return out;
}

}  // namespace r1::data
