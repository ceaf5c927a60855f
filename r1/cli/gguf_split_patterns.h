// What a GGUF file's `tokenizer.ggml.pre` stands for: the expressions by which a model's text is cut before merging, as
// the tokenizer.json of the model itself has them (llama.cpp's own expressions for a name may be equivalent ones).
#pragma once

#include <string>
#include <vector>

namespace r1::cli {

struct GgufSplit {
  std::string pre;  // the name in the file
  std::vector<std::string> patterns;  // tokenizer::Model::split_patterns
  bool ignore_merges = false;
  bool begin_by_default = false;  // where the file doesn't say whether the begin token comes first
};

/// Null for a name that isn't known.
const GgufSplit* find_gguf_split(const std::string& pre);

/// The one with these patterns; null when there is none, or when it is another name's.
const GgufSplit* find_gguf_split(const std::vector<std::string>& patterns, bool ignore_merges);

/// "gpt-2, llama-bpe, ...": for messages.
std::string known_gguf_splits();

}  // namespace r1::cli
