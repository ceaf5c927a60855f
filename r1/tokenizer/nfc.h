// Unicode's normalisation form C, which Qwen's tokenizers apply before they cut text: canonically equivalent texts
// become one. By utf8proc. No other form and no case folding.
#pragma once

#include <string>
#include <string_view>

namespace r1::tokenizer {

/// `text` in form C. Bytes that are not valid UTF-8 stay as they are, and nothing is joined across them.
std::string to_nfc(std::string_view text);

/// True when `text` is in form C at a glance: only characters that never change and never join what precedes them (all
/// of ASCII, Latin, Han, kana, most punctuation and emoji). False does not mean that to_nfc changes it.
bool is_nfc_at_a_glance(std::string_view text);

}  // namespace r1::tokenizer
