// Verdict: what a scorer says of one completion. Text in, Verdict out; no tensors, no token ids.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace r1::reward {

/// How the scoring itself went. Anything but Scored is counted as a metric and is never a silent 0.
enum class Outcome { Scored, Timeout, Crash, Unparseable };

const char* outcome_name(Outcome outcome);

struct Verdict {
  double score = 0.0;                                   // weighted sum of the parts
  std::vector<std::pair<std::string, double>> parts;  // "accuracy" -> 1, "format" -> 0.5 ... each unweighted, in [0, 1]
  Outcome outcome = Outcome::Scored;
  std::string why;  // "wrong: 7 is not 9", "no <answer> tag", ...
  double part(const std::string& name) const {
    for (const auto& [key, value] : parts)
      if (key == name) return value;
    return 0.0;
  }
};

/// What a scorer gets to see.
struct RewardInput {
  std::string prompt;
  std::string completion;  // text as generated, end-of-sequence token removed
  std::string answer;  // ground truth
  std::string verifier;  // which check (data/problem.h)
  std::string
      tests;  // verifier data: countdown: {"numbers": [...], "target": n}; code: [{"input": .., "output": ..}, ...]
  bool finished = true;  // false: cut off at the length limit
  std::string language = {};  // of the question, "en" or "zh"; empty: the language is not checked
};

class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual Verdict score(const RewardInput& input) const = 0;
  /// Verdicts in the order of the inputs; scorers with workers spread them.
  virtual std::vector<Verdict> score_batch(std::span<const RewardInput> inputs) const {
    std::vector<Verdict> out;
    for (const RewardInput& input : inputs) out.push_back(score(input));
    return out;
  }
};

}  // namespace r1::reward
