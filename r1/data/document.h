// Document: one piece of raw text on its way to the tokenizer. It holds no token ids (token_shard.h) and no question
// with a checkable answer (problem.h).
#pragma once

#include <string>

namespace r1::data {

struct Document {
  std::string text;
  std::string source;    // where it came from: the record's own `source`, else "file name:line of its first byte"
  std::string language;  // BCP 47 when known, else empty
};

/// One JSON object without a newline; empty fields are left out. UserError when the text is not valid UTF-8.
std::string to_json_line(const Document& document);

}  // namespace r1::data
