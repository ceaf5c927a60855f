// RuleScorer: R1's rewards by rules alone (handbook rl.md A1, A2): accuracy + format + language consistency. Accuracy
// compares the last <answer>...</answer> with the truth by the problem's verifier:
//   number      one quantity, equal by exact value (and unit, when the truth has one)      math/quantity.h
//   expression  arithmetic of any shape, equal by exact value; not for questions that are themselves the expression,
//   since
//               repeating the question would then be right                                 math/expression.h
//   text        the same words: ASCII case, blanks around commas and a final full stop do not count
//   countdown   each given number once, exactly the target                                 math/countdown.h
//   code        all tests of a Python program                                              code/code_scorer.h
//   helpful, safe   no rule can tell: no accuracy part (a learned reward or a judge adds its own)
// It runs in the caller's process; isolated_scorer.h puts it into killable children.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "r1/core/config.h"
#include "r1/reward/accuracy.h"
#include "r1/reward/code/sandbox.h"
#include "r1/reward/verdict.h"

namespace r1::reward {

struct RuleScorerConfig {
  double accuracy_weight = 1.0;  // R1: accuracy and format weigh the same
  double format_weight = 1.0;
  bool think_opened = false;     // the prompt template ends with <think>
  double language_weight = 0.0;  // of the language part (language.h); 0: not looked at
  SandboxConfig code{};          // limits of code answers
};
void fields(core::FieldVisitor& v, RuleScorerConfig& c);

class RuleScorer : public Scorer {
 public:
  explicit RuleScorer(const RuleScorerConfig& config);

  /// Parts "accuracy" (where the verifier has one) and "format", each 0 or 1, and "language" in [0, 1] where it has a
  /// weight and the input a language. No answer tag, or an answer that can't be read: Outcome::Unparseable with
  /// accuracy 0 and the other parts as they are. UserError for an unknown verifier or language, a ground truth that
  /// can't be read itself, and code answers on a machine that can't confine them. The first code answer starts the
  /// sandbox.
  Verdict score(const RewardInput& input) const override;

 private:
  RuleScorerConfig config_;
  std::shared_ptr<Sandbox> sandbox_;  // does nothing before the first code answer
};

/// A RuleScorer from its configuration's YAML (core::dump_config of a RuleScorerConfig): the factory of scorer workers.
std::unique_ptr<Scorer> make_rule_scorer(const std::string& yaml);

/// False for "helpful" and "safe", whose answers no rule can check.
bool has_accuracy(std::string_view verifier);

/// Compares an answer (nothing = no tag) by the input's verifier, which has_accuracy. `sandbox` may be null unless the
/// verifier is "code". UserErrors as RuleScorer::score.
Accuracy check_accuracy(const std::optional<std::string>& answer, const RewardInput& input, Sandbox* sandbox = nullptr);

/// False for verifiers without a lenient reading: code, helpful, safe.
bool has_lenient_check(std::string_view verifier);

/// Where has_lenient_check: right under the lenient extractors of extract.h, tags or not: the last number in the text
/// (number, expression; units ignored), the last expression (countdown), the last of `candidates` (text; the answers of
/// the problem's family).
bool lenient_correct(const RewardInput& input, const std::vector<std::string>& candidates);

/// The form in which text answers are compared.
std::string normalise_text(std::string_view text);

}  // namespace r1::reward
