// The language-consistency reward of DeepSeek-R1's first RL stage (handbook rl.md A2): words of the chain of thought in
// the target language / all of its words. R1 does not publish how it tells words and languages; here the script
// decides:
//   one maximal run of Latin letters is one word; one Han character is one word (so a Chinese sentence weighs about as
//   many words as its English translation); one maximal run of letters of any other script is one word of neither.
// Not counted: digits, operators and punctuation, single letters (variables such as x), LaTeX commands (\frac), fenced
// code. English is what is written in Latin letters: French is not told from English.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace r1::reward {

/// The reasoning of a completion: what stands inside the last <think>...</think>. Without the pair: up to the last
/// </think> (the prompt ended with <think>), from the last <think> on (cut off), or the whole text; the last two end at
/// the first <answer>.
std::string_view chain_of_thought(std::string_view completion);

/// Words by script.
struct WordCounts {
  std::int64_t latin = 0, han = 0, other = 0;
  std::int64_t total() const { return latin + han + other; }
};
WordCounts count_words(std::string_view text);

struct LanguageConsistency {
  double share = 0.0;  // in [0, 1]; 0 when there are no words at all: saying nothing must not pay
  WordCounts words;
  std::string why;  // no words, or which share is in another language; empty when all is well
};

/// Of the completion's chain of thought. `language`: "en" or "zh"; anything else is a UserError.
LanguageConsistency language_consistency(std::string_view completion, std::string_view language);

/// Words outside the script that the text uses most / all words, in [0, 1]; 0 without words. Of the text as it is.
double language_mixing_share(std::string_view text);

}  // namespace r1::reward
