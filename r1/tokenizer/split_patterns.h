// The pre-tokenizers of known model families by name: the ordered regular expressions that cut text before BPE
// (pre_tokenizer.h). Needed where a file does not say them: tiktoken ranks, training.
#pragma once

#include <string>
#include <vector>

namespace r1::tokenizer {

/// gpt2 | cl100k (also llama3) | o200k | qwen2 | deepseek_v3 | single_digits (deepseek_v3 with one digit a piece);
/// anything else is taken as one regular expression, but UserError for a plain word that is none of these names.
std::vector<std::string> split_patterns(const std::string& name_or_pattern);

/// DeepSeek-V3's three ordered pre-tokenizer splits (numbers of up to three digits; CJK runs; words, punctuation,
/// space).
std::vector<std::string> deepseek_v3_patterns();

}  // namespace r1::tokenizer
