// Where the answer stands in a completion. The reward reads the last <answer>...</answer> and nothing else; the lenient
// extractors look at the whole text (last number, last candidate word, last expression) and serve evaluation only: they
// tell reasoning that improved from tags that improved. Equality of what is found is math/'s and rule_scorer's matter.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace r1::reward {

/// Without ASCII white space at both ends.
std::string_view trim(std::string_view text);

/// What stands between the last `close` and the nearest `open` before it; nothing when there is no such pair.
std::optional<std::string_view> last_tag_content(std::string_view text, std::string_view open, std::string_view close);

/// The trimmed content of the last <answer>...</answer> (may be empty), nothing when there is none.
std::optional<std::string> extract_answer(std::string_view completion);

/// The last number written in `text`, as written: sign (also U+2212), thousands commas, decimals, e-notation, a/b,
/// percent. A minus sign right behind a digit, a letter or ')' is a subtraction and is not taken along: "7-4" gives
/// "4".
std::optional<std::string> last_number(std::string_view text);

/// The candidate whose last occurrence as a whole word ends last in `text` (the longest at a tie). ASCII case is
/// ignored.
std::optional<std::string> last_candidate(std::string_view text, const std::vector<std::string>& candidates);

/// The last run of digits, + - * / ( ) and blanks on one line that holds an operator between operands: countdown's
/// lenient answer.
std::optional<std::string> last_expression(std::string_view text);

}  // namespace r1::reward
