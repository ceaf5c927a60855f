// The explicit list of families. A new family is a generator in families.h and a line here. No self-registration.
#include "r1/core/error.h"
#include "r1/core/nearest.h"
#include "r1/data/problems/families.h"
#include "r1/data/problems/steps.h"

namespace r1::data {
namespace {

constexpr std::int64_t kLevels = 3;

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies = {
      {"chain_sum", "maths", kLevels, generate_chain_sum, rewrite_expression, true},
      {"mixed_ops", "maths", kLevels, generate_mixed_ops, rewrite_expression, true},
      {"linear_equation", "maths", kLevels, generate_linear_equation, resume_linear_equation, true},
      {"sequence_next", "maths", kLevels, generate_sequence_next, nullptr, true},
      {"substitution", "logic", kLevels, generate_substitution, nullptr, true},
      {"ordering", "logic", kLevels, generate_ordering, nullptr, true},
      {"truth_value", "logic", kLevels, generate_truth_value, nullptr, false},
      {"speed_distance", "physics", kLevels, generate_speed_distance, rewrite_expression, true},
      {"molar_mass", "chemistry", kLevels, generate_molar_mass, resume_molar_mass, true},
      {"gcd", "maths", kLevels, generate_gcd, resume_gcd, true},
      {"modulo", "maths", kLevels, generate_modulo, nullptr, true},
      {"code_function", "code", kLevels, generate_code_function, nullptr, true},
  };
  return kFamilies;
}

const Family& find_family(const std::string& name) {
  std::vector<std::string> names;
  for (const Family& family : families()) {
    if (name == family.name) return family;
    names.push_back(family.name);
  }
  const std::string near = core::nearest(name, names);
  if (!near.empty()) user_error("there is no problem family \"{}\"; did you mean \"{}\"?", name, near);
  user_error("there is no problem family \"{}\"; there are {}", name, fmt::join(names, ", "));
}

}  // namespace r1::data
