// What a GGUF file's `tokenizer.ggml.pre` stands for: the expressions by which a model's text is cut before merging, as
// the tokenizer.json of the model itself has them (llama.cpp's own expressions for a name may be equivalent ones).
#pragma once

#include <string>
#include <vector>

#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

struct GgufSplit {
  std::string pre;  // the name in the file
  std::vector<std::string> patterns;  // tokenizer::Model::split_patterns
  bool ignore_merges = false;
  bool nfc = false;  // the model's own tokenizer normalises; llama.cpp never does
  bool begin_by_default = false;  // where the file doesn't say whether the begin token comes first
};

/// Null for a name that isn't known.
const GgufSplit* find_gguf_split(const std::string& pre);

/// The first that cuts and normalises as this tokenizer does; null when there is none.
const GgufSplit* find_gguf_split(const tokenizer::Model& model);

/// "gpt-2, llama-bpe, ...": for messages.
std::string known_gguf_splits();

}  // namespace r1::cli
