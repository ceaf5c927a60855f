// Family code_function: "write a function" problems that a million parameters can learn. The prompt describes f(x) as a
// chain of one to three operations, in English or Chinese; the answer is the body of a one-line Python function:
//   Write f(x): add 3, then times 2, then at most 9.      ->      min((x+3)*2,9)
// How a checker runs an answer A (verifier "code"): for every pair of tests[0], a JSON list of
// {"input": integer, "output": integer}, `(lambda x: A)(input)` must equal `output`. Answers are made of x, digits,
// + - * %, parentheses, abs( ), min( , ), max( , ); % is Python's (never negative for a positive divisor). The pairs
// tell the answer from every wrong constant and every wrong operation that the family offers as a guess. Here is only
// the family's interface for tests and families.h; generator.h is how others draw it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::data {

/// One operation on a value: kind one of + - * % M (at most: min) m (at least: max) a (abs: no amount).
struct CodeOperation {
  char kind = '+';
  std::int64_t amount = 0;
  bool operator==(const CodeOperation&) const = default;
};

/// The chain applied to `input` with Python's semantics.
std::int64_t apply_chain(const std::vector<CodeOperation>& chain, std::int64_t input);

/// The chain as an expression in x with no parenthesis too many: {+3, *2} -> "(x+3)*2".
std::string chain_expression(const std::vector<CodeOperation>& chain);

}  // namespace r1::data
