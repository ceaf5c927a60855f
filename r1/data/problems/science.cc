// Physics and chemistry with units: speed_distance (uniform and accelerated motion) and molar_mass (integer masses).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

struct Element {
  const char* symbol;
  std::int64_t mass;  // g/mol, rounded (Cl to 35)
};
constexpr std::array<Element, 7> kElements = {
    {{"C", 12}, {"H", 1}, {"Cl", 35}, {"N", 14}, {"Na", 23}, {"O", 16}, {"S", 32}}};

const Phrasings kDistance = {{"Speed {0} m/s, time {1} s. Distance?", "How far at {0} m/s in {1} s?"},
                             {"速度 {0} m/s，时间 {1} s，路程多少？", "以 {0} m/s 走 {1} s，走多远？"}};
const Phrasings kFinalSpeed = {
    {"Initial speed {0} m/s, acceleration {1} m/s^2, time {2} s. Final speed?",
     "From {0} m/s, how fast after {2} s at {1} m/s^2?"},
    {"初速度 {0} m/s，加速度 {1} m/s^2，时间 {2} s，末速度多少？", "从 {0} m/s 以 {1} m/s^2 加速 {2} s，速度多少？"}};
const Phrasings kTwoLegs = {{"{0} m/s for {1} s, then {2} m/s for {3} s. Total distance?",
                             "How far at {0} m/s in {1} s, then at {2} m/s in {3} s?"},
                            {"以 {0} m/s 走 {1} s，再以 {2} m/s 走 {3} s，总路程多少？",
                             "先 {0} m/s 走 {1} s，后 {2} m/s 走 {3} s，共走多远？"}};

}  // namespace

GeneratedProblem generate_speed_distance(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"speed_distance", "physics", level, language};
  check_ask(ask);
  std::vector<std::string> given;
  std::string formula;
  if (level == 1) {
    given = {std::to_string(rng.between(2, 30)), std::to_string(rng.between(2, 9))};
    formula = given[0] + "*" + given[1];
  } else if (level == 2) {
    given = {std::to_string(rng.between(1, 20)), std::to_string(rng.between(2, 9)), std::to_string(rng.between(2, 9))};
    formula = given[0] + "+" + given[1] + "*" + given[2];
  } else {
    for (int i = 0; i < 4; ++i) given.push_back(std::to_string(rng.between(2, 9)));
    formula = given[0] + "*" + given[1] + "+" + given[2] + "*" + given[3];
  }
  std::vector<std::string> steps = rewrite_expression(formula);
  steps.back() += level == 2 ? " m/s" : " m";
  steps.insert(steps.begin(), formula);
  const Phrasings& phrasings = level == 1 ? kDistance : level == 2 ? kFinalSpeed : kTwoLegs;
  GeneratedProblem out = number_problem(ask, formula, steps.back());
  out.problem.prompt = phrase(phrasings, language, given, rng);
  out.steps = std::move(steps);
  return out;
}

/// Level k: k + 1 elements, 1 to 6 atoms each. The formulas need not exist in nature.
GeneratedProblem generate_molar_mass(std::int64_t level, const std::string& language, core::Rng& rng) {
  const Ask ask{"molar_mass", "chemistry", level, language};
  check_ask(ask);
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5, 6};
  rng.shuffle(order);
  order.resize(level + 1);
  std::sort(order.begin(), order.end());
  std::string formula;
  std::vector<std::string> terms;
  for (const std::size_t i : order) {
    const std::int64_t atoms = rng.between(1, 6);
    formula += kElements[i].symbol + (atoms > 1 ? std::to_string(atoms) : std::string());
    terms.push_back(fmt::format("{}*{}", atoms, kElements[i].mass));
  }
  const std::string sum = fmt::format("{}", fmt::join(terms, "+"));
  std::vector<std::string> steps = resume_molar_mass(sum);
  steps.insert(steps.begin(), sum);
  steps.back() += " g/mol";
  static const Phrasings kMass = {{"Molar mass of {0}?", "What is the molar mass of {0}?"},
                                  {"{0} 的摩尔质量是多少？", "求 {0} 的摩尔质量。"}};
  GeneratedProblem out = number_problem(ask, formula, steps.back());
  out.problem.prompt = phrase(kMass, language, {formula}, rng);
  out.steps = std::move(steps);
  return out;
}

/// All products in one step, then the sums from the left.
std::vector<std::string> resume_molar_mass(const std::string& step) {
  if (step.find('*') == std::string::npos) return rewrite_expression(step);
  const std::string sum = multiply_out(step);
  std::vector<std::string> steps = rewrite_expression(sum);
  steps.insert(steps.begin(), sum);
  return steps;
}

}  // namespace r1::data
