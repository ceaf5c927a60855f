// A recursive-descent evaluator and one small solver a family.
#include "tests/data/problems/oracle.h"

#include <map>
#include <numeric>
#include <regex>
#include <set>
#include <stdexcept>

namespace r1::data::test {
namespace {

Fraction make(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0) throw std::runtime_error("division by zero");
  if (denominator < 0) return make(-numerator, -denominator);
  const std::int64_t g = std::gcd(numerator, denominator);
  return {numerator / g, denominator / g};
}

class Parser {
 public:
  Parser(const std::string& text, std::vector<std::int64_t>* literals) : text_(text), literals_(literals) {}
  Fraction parse() {
    const Fraction value = sum();
    if (at_ != text_.size()) throw std::runtime_error("trailing text in " + text_);
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  Fraction sum() {
    Fraction value = product();
    while (peek() == '+' || peek() == '-') {
      const std::int64_t sign = text_[at_++] == '+' ? 1 : -1;
      const Fraction b = product();
      value = make(value.numerator * b.denominator + sign * b.numerator * value.denominator,
                   value.denominator * b.denominator);
    }
    return value;
  }
  Fraction product() {
    Fraction value = atom();
    while (peek() == '*' || peek() == '/') {
      const bool times = text_[at_++] == '*';
      const Fraction b = atom();
      value = times ? make(value.numerator * b.numerator, value.denominator * b.denominator)
                    : make(value.numerator * b.denominator, value.denominator * b.numerator);
    }
    return value;
  }
  Fraction atom() {
    if (peek() == '(') {
      ++at_;
      const Fraction value = sum();
      if (peek() != ')') throw std::runtime_error("missing ) in " + text_);
      ++at_;
      return value;
    }
    std::size_t used = 0;
    if (peek() < '0' || peek() > '9') throw std::runtime_error("no number in " + text_);
    const std::int64_t number = std::stoll(text_.substr(at_), &used);
    at_ += used;
    if (literals_ != nullptr) literals_->push_back(number);
    return {number, 1};
  }

  const std::string& text_;
  std::vector<std::int64_t>* literals_;
  std::size_t at_ = 0;
};

std::string find(const std::string& text, const char* pattern) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex(pattern)))
    throw std::runtime_error("nothing like " + std::string(pattern) + " in " + text);
  return match[0];
}

std::string whole(const Fraction& value) {
  if (value.denominator != 1) throw std::runtime_error("not whole");
  return std::to_string(value.numerator);
}

std::string replace_x(const std::string& side, std::int64_t x) {
  return std::regex_replace(side, std::regex("x"), std::to_string(x));
}

/// Both sides are linear in x: from their difference at 0 and at 1.
std::string solve_equation(const std::string& equation) {
  const std::size_t equals = equation.find('=');
  const auto difference = [&](std::int64_t x) {
    return evaluate(replace_x(equation.substr(0, equals), x)).numerator -
           evaluate(replace_x(equation.substr(equals + 1), x)).numerator;
  };
  return whole(make(-difference(0), difference(1) - difference(0)));
}

/// By the shape of the shown terms, not by the level: constant first or second differences, ratio, or differences of
/// period 2.
std::string next_term(const std::vector<std::int64_t>& t) {
  std::vector<std::int64_t> d(t.size());
  std::adjacent_difference(t.begin(), t.end(), d.begin());
  const std::size_t n = t.size();
  if (d[1] == d[2] && d[2] == d[3]) return std::to_string(t[n - 1] + d[1]);
  if (n == 5 && d[1] == d[3] && d[2] == d[4]) return std::to_string(t[4] + d[1]);
  if (t[1] * t[1] == t[0] * t[2] && t[2] * t[2] == t[1] * t[3]) return std::to_string(t[3] * t[3] / t[2]);
  if (d[2] - d[1] == d[3] - d[2]) return std::to_string(t[3] + 2 * d[3] - d[2]);
  throw std::runtime_error("no rule");
}

std::string follow_definitions(const std::string& prompt) {
  static const std::regex kDefinition("([a-h])=(?:([a-h])([-+*]))?(\\d+)");
  std::map<std::string, std::int64_t> values;
  for (int round = 0; round < 5; ++round) {
    for (std::sregex_iterator it(prompt.begin(), prompt.end(), kDefinition), end; it != end; ++it) {
      const std::int64_t amount = std::stoll((*it)[4]);
      if (!(*it)[2].matched)
        values[(*it)[1]] = amount;
      else if (values.contains((*it)[2]))
        values[(*it)[1]] = evaluate(std::to_string(values[(*it)[2]]) + (*it)[3].str() + (*it)[4].str()).numerator;
    }
  }
  const std::string rest = std::regex_replace(prompt, kDefinition, "");
  return std::to_string(values.at(find(rest, "\\b[a-h]\\b")));
}

std::string order_people(const std::string& prompt) {
  static const std::regex kRelation("([A-Z][a-z]+)>([A-Z][a-z]+)");
  std::set<std::string> above;
  std::set<std::string> below;
  for (std::sregex_iterator it(prompt.begin(), prompt.end(), kRelation), end; it != end; ++it) {
    above.insert((*it)[1]);
    below.insert((*it)[2]);
  }
  const bool first = std::regex_search(prompt, std::regex("first|biggest|最大|第一"));
  const auto& from = first ? above : below;
  const auto& without = first ? below : above;
  std::string found;
  for (const std::string& name : from)
    if (!without.contains(name)) found += name;  // two such names make a word that is no answer
  return found;
}

std::string truth(const std::string& prompt) {
  std::string rest = find(prompt, "(not )?[TF]( (and|or) (not )?[TF])+") + " or ";
  bool any = false;
  for (std::size_t at = rest.find(" or "); at != std::string::npos; at = rest.find(" or ")) {
    std::string part = rest.substr(0, at) + " and ";
    rest = rest.substr(at + 4);
    bool all = true;
    for (std::size_t end = part.find(" and "); end != std::string::npos; end = part.find(" and ")) {
      const std::string literal = part.substr(0, end);
      part = part.substr(end + 5);
      all = all && (literal == "T" || literal == "not F");
    }
    any = any || all;
  }
  return any ? "yes" : "no";
}

std::string motion(const Problem& problem) {
  const std::vector<std::int64_t> n = integers(std::regex_replace(problem.prompt, std::regex("m/s\\^2"), ""));
  if (n.size() == 2) return std::to_string(n[0] * n[1]) + " m";
  if (n.size() == 3) return std::to_string(n[0] + n[1] * n[2]) + " m/s";
  return std::to_string(n.at(0) * n.at(1) + n.at(2) * n.at(3)) + " m";
}

std::string molar_mass(const std::string& prompt) {
  static const std::map<std::string, std::int64_t> kMass = {{"H", 1},   {"C", 12}, {"N", 14}, {"O", 16},
                                                            {"Na", 23}, {"S", 32}, {"Cl", 35}};
  const std::string formula = find(prompt, "((Na|Cl|C|H|N|O|S)\\d*){2,}");
  static const std::regex kPart("([A-Z][a-z]?)(\\d*)");
  std::int64_t sum = 0;
  for (std::sregex_iterator it(formula.begin(), formula.end(), kPart), end; it != end; ++it)
    sum += kMass.at((*it)[1]) * ((*it)[2].length() == 0 ? 1 : std::stoll((*it)[2]));
  return std::to_string(sum) + " g/mol";
}

/// "Write f(x): add 3, then times 2." -> "(x+3)*2": the described operations one around the other.
std::string compose_function(const std::string& prompt) {
  static const std::regex kOperation("(add|minus|times|mod|at most|at least|abs|加|减|乘|最多|最少) ?(\\d*)");
  static const std::map<std::string, std::string> kPrefix = {
      {"at most", "min("}, {"at least", "max("}, {"最多", "min("}, {"最少", "max("}, {"abs", "abs("}};
  static const std::map<std::string, std::string> kInfix = {{"add", "+"}, {"minus", "-"}, {"times", "*"}, {"mod", "%"},
                                                            {"加", "+"},  {"减", "-"},    {"乘", "*"}};
  const std::string described = prompt.substr(prompt.find("f(x)") + 4);
  std::string out = "x";
  for (std::sregex_iterator it(described.begin(), described.end(), kOperation), end; it != end; ++it) {
    const std::string word = (*it)[1];
    const std::string amount = (*it)[2];
    if (word == "abs") {
      out = "abs(" + out + ")";
    } else if (kPrefix.contains(word)) {
      out = kPrefix.at(word) + out + "," + amount + ")";
    } else {
      const std::string& sign = kInfix.at(word);
      int depth = 0;
      bool open_sum = false;  // a + or - outside all parentheses
      for (const char c : out) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        open_sum = open_sum || (depth == 0 && (c == '+' || c == '-'));
      }
      out = ((sign == "*" || sign == "%") && open_sum ? "(" + out + ")" : out) + sign + amount;
    }
  }
  return out;
}

}  // namespace

Fraction evaluate(const std::string& expression, std::vector<std::int64_t>* literals) {
  return Parser(expression, literals).parse();
}

std::vector<std::int64_t> integers(const std::string& text) {
  static const std::regex kNumber("\\d+");
  std::vector<std::int64_t> out;
  for (std::sregex_iterator it(text.begin(), text.end(), kNumber), end; it != end; ++it)
    out.push_back(std::stoll(it->str()));
  return out;
}

std::string oracle_answer(const Problem& problem) {
  const std::string& prompt = problem.prompt;
  const std::vector<std::int64_t> numbers = integers(prompt);
  if (problem.family == "chain_sum" || problem.family == "mixed_ops")
    return whole(evaluate(find(prompt, "\\d+([+*]\\d+)+")));
  if (problem.family == "linear_equation") return solve_equation(find(prompt, "[0-9x+*()]+=[0-9x+*]+"));
  if (problem.family == "sequence_next") return next_term(numbers);
  if (problem.family == "substitution") return follow_definitions(prompt);
  if (problem.family == "ordering") return order_people(prompt);
  if (problem.family == "truth_value") return truth(prompt);
  if (problem.family == "speed_distance") return motion(problem);
  if (problem.family == "molar_mass") return molar_mass(prompt);
  if (problem.family == "gcd") return std::to_string(std::gcd(numbers.at(0), numbers.at(1)));
  if (problem.family == "modulo") return std::to_string(numbers.at(0) % numbers.at(1));
  if (problem.family == "code_function") return compose_function(prompt);
  throw std::runtime_error("no oracle for " + problem.family);
}

}  // namespace r1::data::test
