// What the generators share: phrasing in two languages and the rewriting of flat arithmetic expressions. Internal to
// r1/data/problems.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "r1/core/rng.h"
#include "r1/data/problems/generator.h"

namespace r1::data {

/// Two phrasings a language; `{0}`, `{1}` ... are filled in.
struct Phrasings {
  std::array<const char*, 2> en;
  std::array<const char*, 2> zh;
};

/// Draws one of the two phrasings of `language` and fills it.
std::string phrase(const Phrasings& phrasings, const std::string& language, const std::vector<std::string>& parts,
                   core::Rng& rng);

/// Rewrites "3*4+5*2": leftmost product first, then sums and differences from the left: "12+5*2", "12+10", "22".
/// Empty for a plain number. The expression holds non-negative integers and + - * only.
std::vector<std::string> rewrite_expression(const std::string& expression);
/// "3*4+5*2" -> "12+10": all products at once.
std::string multiply_out(const std::string& expression);

/// Digits at the end of a step: "x=5" -> "5". Empty when it ends otherwise.
std::string last_number(const std::string& step);

/// Who asks what: the fields that every generator fills alike.
struct Ask {
  const char* family;
  const char* domain;
  std::int64_t level;
  const std::string& language;
};

/// UserError for a level that is not 1, 2 or 3, or a language that is not en or zh.
void check_ask(const Ask& ask);

/// A problem without prompt and steps: verifier "number", canonical "family:`canonical`".
GeneratedProblem number_problem(const Ask& ask, const std::string& canonical, const std::string& answer);
/// The same with verifier "text" and what else one may guess.
GeneratedProblem text_problem(const Ask& ask, const std::string& canonical, const std::string& answer,
                              std::vector<std::string> choices);

}  // namespace r1::data
