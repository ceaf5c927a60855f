// Bytes to whole characters (utf8_stream.h).
#include "r1/serve/utf8_stream.h"

#include <algorithm>
#include <cstddef>

#include "r1/tokenizer/pre_tokenizer.h"

namespace r1::serve {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::size_t character_size(unsigned char lead) {
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  if (lead >= 0xE0) return lead < 0xF0 ? 3 : 1;
  return lead >= 0xC2 ? 2 : 1;
}

/// Whether `text`, which begins with no whole character, may become one when more bytes come.
bool is_open(std::string_view text) {
  return character_size(static_cast<unsigned char>(text[0])) > text.size() &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
}

}  // namespace

std::string Utf8Stream::push(std::string_view bytes) {
  held_ += bytes;
  std::string out;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t valid = tokenizer::valid_utf8_prefix(rest);
    out += rest.substr(0, valid);
    rest.remove_prefix(valid);
    if (rest.empty() || is_open(rest)) break;
    out += kReplacement;
    rest.remove_prefix(1);
  }
  held_ = std::string(rest);
  return out;
}

std::string Utf8Stream::finish() {
  const bool open = !held_.empty();
  held_.clear();
  return std::string(open ? kReplacement : "");
}

}  // namespace r1::serve
