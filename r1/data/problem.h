// Problem: the one schema of everything that can be asked and verified (maths, code, logic, physics, chemistry,
// general), one JSON object a line (docs/formats.md). It holds no model output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::data {

struct Problem {
  std::string id;
  std::string domain;        // maths | logic | physics | chemistry | code | general
  std::string family;        // generator or data set, e.g. "chain_sum", "countdown", "gsm8k"
  std::string prompt;        // what the user asks
  std::string answer;        // ground truth in the verifier's form
  std::string verifier;      // number | expression | text | countdown | code | helpful | safe
  std::int64_t difficulty = 1;  // 1 = easiest
  std::string language = "en";  // BCP 47: en | zh
  std::vector<std::string> tests;  // verifier data as JSON in tests[0]; countdown: {"numbers": [...], "target": n};
                                   // code: code_function.h; helpful, safe: general/chat.h
  std::string source;  // generator name and seed, or file:line
  std::string
      canonical;  // language-free form of the question, "chain_sum:3+8+5+9"; empty = the prompt's text stands for it
};

/// Same question = same hash, whatever the id, language or phrasing (contamination checks): XXH3-128 as hex of
///   countdown (tests[0] holds numbers and target): the sorted numbers and the target;
///   `canonical`, where it is not empty: that text;
///   anything else: prompt and answer, ASCII lower-cased, runs of white space as one blank.
std::string content_hash(const Problem& problem);

/// One JSON object without a newline; empty `tests`, `source` and `canonical` are left out.
std::string to_json_line(const Problem& problem);
/// Needs `prompt` and `answer`; the rest have the struct's defaults. Throws UserError without a location; readers add
/// file and line.
Problem problem_from_json(const std::string& line);

}  // namespace r1::data
