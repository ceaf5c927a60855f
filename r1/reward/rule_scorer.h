// RuleScorer: R1-Zero's reward (handbook rl.md A1): accuracy + format, by rules alone. Accuracy compares the last
// <answer>...</answer> with the truth by the problem's verifier:
//   number      one quantity, equal by exact value (and unit, when the truth has one)      math/quantity.h
//   expression  arithmetic of any shape, equal by exact value; not for questions that are themselves the expression,
//   since
//               repeating the question would then be right                                 math/expression.h
//   text        the same words: ASCII case, blanks around commas and a final full stop do not count
//   countdown   each given number once, exactly the target                                 math/countdown.h
// It runs in the caller's process; isolated_scorer.h puts it into killable children.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "r1/core/config.h"
#include "r1/reward/verdict.h"

namespace r1::reward {

struct RuleScorerConfig {
  double accuracy_weight = 1.0;  // R1: accuracy and format weigh the same
  double format_weight = 1.0;
  bool think_opened = false;     // the prompt template ends with <think>
};
void fields(core::FieldVisitor& v, RuleScorerConfig& c);

class RuleScorer : public Scorer {
 public:
  explicit RuleScorer(const RuleScorerConfig& config) : config_(config) {}

  /// Parts "accuracy" and "format", each 0 or 1. No answer tag, or an answer that can't be read: Outcome::Unparseable
  /// with accuracy 0 and the format part as it is. UserError for an unknown verifier or a ground truth that can't be
  /// read itself.
  Verdict score(const RewardInput& input) const override;

 private:
  RuleScorerConfig config_;
};

/// A RuleScorer from its configuration's YAML (core::dump_config of a RuleScorerConfig): the factory of scorer workers.
std::unique_ptr<Scorer> make_rule_scorer(const std::string& yaml);

/// What an answer is worth against the truth, format apart.
struct Accuracy {
  bool correct = false;
  Outcome outcome = Outcome::Scored;
  std::string why;
};

/// Compares an answer (nothing = no tag) by the input's verifier. UserErrors as RuleScorer::score.
Accuracy check_accuracy(const std::optional<std::string>& answer, const RewardInput& input);

/// Right under the lenient extractors of extract.h, tags or not: the last number in the text (number, expression; units
/// ignored), the last expression (countdown), the last of `candidates` (text; the answers of the problem's family).
bool lenient_correct(const RewardInput& input, const std::vector<std::string>& candidates);

/// The form in which text answers are compared.
std::string normalise_text(std::string_view text);

}  // namespace r1::reward
