// The generators by name, for registry.cc. Internal to r1/data/problems; others go through generator.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/data/problems/generator.h"

namespace r1::data {

// arithmetic.cc
GeneratedProblem generate_chain_sum(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_mixed_ops(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_gcd(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_modulo(std::int64_t level, const std::string& language, core::Rng& rng);
std::vector<std::string> resume_gcd(const std::string& step);
// algebra.cc
GeneratedProblem generate_linear_equation(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_sequence_next(std::int64_t level, const std::string& language, core::Rng& rng);
std::vector<std::string> resume_linear_equation(const std::string& step);
// logic.cc
GeneratedProblem generate_substitution(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_ordering(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_truth_value(std::int64_t level, const std::string& language, core::Rng& rng);
// science.cc
GeneratedProblem generate_speed_distance(std::int64_t level, const std::string& language, core::Rng& rng);
GeneratedProblem generate_molar_mass(std::int64_t level, const std::string& language, core::Rng& rng);
std::vector<std::string> resume_molar_mass(const std::string& step);
// code_function.cc
GeneratedProblem generate_code_function(std::int64_t level, const std::string& language, core::Rng& rng);

}  // namespace r1::data
