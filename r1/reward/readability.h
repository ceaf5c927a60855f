// Readability of a chain of thought, for choosing samples (cold start and rejection sampling), not for rewarding them.
// DeepSeek-R1 drops reasoning that repeats itself, mixes languages, holds long paragraphs or code blocks (handbook
// rl.md A2); the thresholds are not published, these are ours. And the words of reflection whose growth its R1-Zero
// curves show.
#pragma once

#include <cstdint>
#include <string_view>

#include "r1/core/config.h"

namespace r1::reward {

struct ReadabilityConfig {
  std::int64_t ngram = 4;  // in units: one word or number, or one Han character
  std::int64_t min_ngrams = 16;  // shorter texts are never called repetitive
  double max_repeated = 0.5;  // share of repeated n-grams above which a text is repetitive
  std::int64_t max_paragraph = 2000;  // characters (code points)
  double max_mixing = 0.1;  // language_mixing_share above which a text is mixed
};
void fields(core::FieldVisitor& v, ReadabilityConfig& c);

struct Readability {
  bool repetitive = false;
  bool overlong = false;  // some paragraph is longer than max_paragraph
  bool mixed_language = false;
  bool code_block = false;  // a fence (```) in the chain of thought
  bool empty_think = false;  // nothing but white space in the chain of thought
  double repeated = 0.0;  // what the flags were set by
  std::int64_t longest_paragraph = 0;
  double mixing = 0.0;
  bool readable() const { return !(repetitive || overlong || mixed_language || code_block || empty_think); }
};

/// Judges the completion's chain of thought (language.h). UserError when a threshold makes no sense.
Readability check_readability(std::string_view completion, const ReadabilityConfig& config = {});

/// 1 - different n-grams / n-grams over words, numbers and Han characters (ASCII case ignored); 0 with fewer than two
/// n-grams.
double repeated_ngram_share(std::string_view text, std::int64_t n);

/// Characters of the longest paragraph; paragraphs end at a blank line.
std::int64_t longest_paragraph(std::string_view text);

/// How often words of reflection stand in the text. English, as whole words in any case: the list of the R1-Zero figure
/// (wait, mistake, however, but, retry, error, verify, wrong, evaluate, check) and recheck; "re-evaluate" counts by its
/// second half. Chinese, anywhere.
std::int64_t count_reflection_words(std::string_view text);

}  // namespace r1::reward
