// tiktoken's rank files: a line a token, base64 of its bytes, a space, its rank, which is its id. Such a file says
// neither how text is cut nor what the special tokens are: the caller does. Merging is tiktoken's: of all neighbours
// that together are a token, those of the lowest rank; a piece that is a token is that token.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {

/// Text -> id. From a JSON object {"text": id, ...} (values that are no integers are passed over), or from a
/// tokenizer_config.json with added_tokens_decoder. UserError names the file.
std::vector<std::pair<std::string, std::int32_t>> read_special_tokens(const std::filesystem::path& json_file);

/// Reads a rank file. `pattern` is a name or an expression of split_patterns(). Files whose tokens are in the printable
/// form of byte_level.h are told by their lack of single bytes and read too; special tokens may stand among theirs.
/// UserError names file and line, or says what is inconsistent (a byte without a token, an id given twice).
Tokenizer load_tiktoken(const std::filesystem::path& file, const std::string& pattern,
                        const std::vector<std::pair<std::string, std::int32_t>>& special_tokens = {});

}  // namespace r1::tokenizer
