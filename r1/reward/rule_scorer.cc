// Dispatch on the verifier, and the reasons given to the reader of the log.
#include "r1/reward/rule_scorer.h"

#include <utility>

#include "r1/core/error.h"
#include "r1/reward/code/code_scorer.h"
#include "r1/reward/extract.h"
#include "r1/reward/format.h"
#include "r1/reward/language.h"
#include "r1/reward/math/countdown.h"
#include "r1/reward/math/expression.h"
#include "r1/reward/math/quantity.h"

namespace r1::reward {
namespace {

constexpr std::size_t kShownBytes = 60;  // of an answer in a `why`

std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  return fmt::format("{}...", text.substr(0, kShownBytes));
}

Accuracy unparseable(std::string why) { return {false, Outcome::Unparseable, std::move(why)}; }

Accuracy compared(bool equal, std::string_view answer, std::string_view truth) {
  if (equal) return {true, Outcome::Scored, ""};
  return {false, Outcome::Scored, fmt::format("wrong: {} is not {}", shown(answer), shown(truth))};
}

[[noreturn]] void bad_truth(const RewardInput& input, const std::string& why) {
  user_error("verifier {}: the ground truth '{}' can't be read: {} (fix the problem's `answer`)", input.verifier,
             shown(input.answer), why);
}

Accuracy check_number(const std::string& answer, const RewardInput& input) {
  const auto truth = parse_quantity(input.answer);
  if (!truth) bad_truth(input, truth.why());
  const auto quantity = parse_quantity(answer);
  if (!quantity) return unparseable(fmt::format("'{}' is no number: {}", shown(answer), quantity.why()));
  return compared(equal_quantities(truth.value(), quantity.value()), answer, input.answer);
}

Accuracy check_expression(const std::string& answer, const RewardInput& input) {
  const auto truth = evaluate_expression(input.answer);
  if (!truth) bad_truth(input, truth.why());
  const auto value = evaluate_expression(answer);
  if (!value) return unparseable(fmt::format("'{}' is no expression: {}", shown(answer), value.why()));
  return compared(truth.value().value == value.value().value, answer, input.answer);
}

Accuracy check_text(const std::string& answer, const RewardInput& input) {
  const std::string truth = normalise_text(input.answer);
  if (truth.empty()) bad_truth(input, "it is empty");
  const std::string text = normalise_text(answer);
  if (text.empty()) return unparseable("the answer is empty");
  return compared(truth == text, answer, input.answer);
}

Accuracy check_countdown_answer(const std::optional<std::string>& answer, const RewardInput& input) {
  const CountdownCheck check = check_countdown(answer, countdown_task_from_json(input.tests));
  switch (check.error) {
    case CountdownError::Ok:
      return {true, Outcome::Scored, ""};
    case CountdownError::NumberMismatch:
    case CountdownError::WrongValue:
      return {false, Outcome::Scored, check.why};
    case CountdownError::MissingAnswer:
    case CountdownError::NotAnExpression:
      break;
  }
  return unparseable(check.why);
}

/// The answer-tag rules that the other verifiers share.
Accuracy check_tagged(const std::optional<std::string>& answer, const RewardInput& input, Sandbox* sandbox) {
  if (!answer) return unparseable("no <answer> tag");
  if (input.verifier == "number") return check_number(*answer, input);
  if (input.verifier == "expression") return check_expression(*answer, input);
  if (input.verifier == "text") return check_text(*answer, input);
  R1_CHECK(sandbox != nullptr, "verifier code without a sandbox");
  return check_code(*answer, input.tests, *sandbox);
}

void add_part(Verdict& verdict, const char* name, double value, double weight) {
  verdict.score += weight * value;
  verdict.parts.emplace_back(name, value);
}

void add_reason(std::string& why, const std::string& more) {
  if (!why.empty() && !more.empty()) why += "; ";
  why += more;
}

}  // namespace

void fields(core::FieldVisitor& v, RuleScorerConfig& c) {
  v("accuracy_weight", c.accuracy_weight, "weight of the accuracy part (1 when the answer is right)");
  v("format_weight", c.format_weight, "weight of the format part (1 when the whole template is kept)");
  v("think_opened", c.think_opened, "true when the prompt template ends with <think>");
  v("language_weight", c.language_weight, "weight of the language part (share of words in the question's language)");
  v("code", c.code, "sandbox and limits of code answers");
}

bool has_accuracy(std::string_view verifier) { return verifier != "helpful" && verifier != "safe"; }

bool has_lenient_check(std::string_view verifier) { return has_accuracy(verifier) && verifier != "code"; }

Accuracy check_accuracy(const std::optional<std::string>& answer, const RewardInput& input, Sandbox* sandbox) {
  if (input.verifier == "countdown") return check_countdown_answer(answer, input);
  for (const char* known : {"number", "expression", "text", "code"})
    if (input.verifier == known) return check_tagged(answer, input, sandbox);
  user_error(
      "unknown verifier '{}' (known: number, expression, text, countdown, code, helpful, safe): fix the problem's "
      "`verifier`",
      input.verifier);
}

RuleScorer::RuleScorer(const RuleScorerConfig& config)
    : config_(config), sandbox_(std::make_shared<Sandbox>(config.code)) {}

Verdict RuleScorer::score(const RewardInput& input) const {
  Verdict verdict;
  if (has_accuracy(input.verifier)) {
    const Accuracy accuracy = check_accuracy(extract_answer(input.completion), input, sandbox_.get());
    add_part(verdict, "accuracy", accuracy.correct ? 1.0 : 0.0, config_.accuracy_weight);
    verdict.outcome = accuracy.outcome;
    verdict.why = accuracy.why;
  }
  const bool strict = check_format(input.completion, config_.think_opened).strict;
  add_part(verdict, "format", strict ? 1.0 : 0.0, config_.format_weight);
  if (config_.language_weight > 0.0 && !input.language.empty()) {
    const LanguageConsistency language = language_consistency(input.completion, input.language);
    add_part(verdict, "language", language.share, config_.language_weight);
    add_reason(verdict.why, language.why);
  }
  return verdict;
}

std::unique_ptr<Scorer> make_rule_scorer(const std::string& yaml) {
  RuleScorerConfig config;
  core::load_config_text(yaml, "rule scorer", {}, config);
  return std::make_unique<RuleScorer>(config);
}

bool lenient_correct(const RewardInput& input, const std::vector<std::string>& candidates) {
  R1_CHECK(has_lenient_check(input.verifier), "verifier {} has no lenient reading", input.verifier);
  if (input.verifier == "countdown") {
    const CountdownTask task = countdown_task_from_json(input.tests);
    return check_countdown(last_expression(input.completion), task).error == CountdownError::Ok;
  }
  if (input.verifier == "text") {
    const auto word = last_candidate(input.completion, candidates);
    return word && normalise_text(*word) == normalise_text(input.answer);
  }
  const auto number = last_number(input.completion);
  if (!number) return false;
  if (input.verifier == "expression") return check_accuracy(number, input).correct;
  const auto truth = parse_quantity(input.answer);
  if (!truth) bad_truth(input, truth.why());
  const auto found = parse_quantity(*number);
  return found && found.value().value == truth.value().value;
}

std::string normalise_text(std::string_view text) {
  text = trim(text);
  if (text.ends_with('.')) text = trim(text.substr(0, text.size() - 1));
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = true;
      continue;
    }
    if (blank && !out.empty() && c != ',' && out.back() != ',') out += ' ';
    blank = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

}  // namespace r1::reward
