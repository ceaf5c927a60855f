// Ranges of characters with Quick_Check NFC = Yes and combining class 0; the test holds each of them to utf8proc.
#include "r1/tokenizer/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "r1/core/error.h"
#include "r1/tokenizer/pre_tokenizer.h"

namespace r1::tokenizer {
namespace {

struct Range {
  std::uint32_t first, last;
};
constexpr std::array<Range, 10> kInert = {{{0x0000, 0x02FF},
                                           {0x0400, 0x0482},   // Cyrillic up to its combining marks
                                           {0x048A, 0x052F},
                                           {0x2002, 0x20CF},   // punctuation, currency
                                           {0x2190, 0x2328},   // arrows, mathematics
                                           {0x2500, 0x2ADB},   // boxes, symbols
                                           {0x3001, 0x3029},
                                           {0x3030, 0x3098},   // kana up to the voicing marks
                                           {0x309B, 0x9FFF},   // kana, Han
                                           {0xAC00, 0xD7A3}}};  // Hangul syllables
constexpr std::array<Range, 2> kInertToo = {{{0xFE0F, 0xFE0F},  // emoji presentation
                                             {0x1F000, 0x1FAFF}}};

bool is_inert(std::uint32_t c) {
  const auto holds = [c](const Range& range) { return c >= range.first && c <= range.last; };
  return std::any_of(kInert.begin(), kInert.end(), holds) || std::any_of(kInertToo.begin(), kInertToo.end(), holds);
}

/// The character at `at`, which is moved behind it; `text` is valid UTF-8.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t c = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) c = c << 6 | (byte(at + i) & 0x3F);
  at += length;
  return c;
}

/// Form C of valid UTF-8, appended to `out`.
void append_nfc(std::string_view text, std::string& out) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(mapped, std::free);
  R1_CHECK(size >= 0, "NFC of {} bytes: {}", text.size(), utf8proc_errmsg(size));
  out.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace

bool is_nfc_at_a_glance(std::string_view text) {
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    for (std::size_t at = 0; at < valid;) {
      if (static_cast<unsigned char>(text[at]) < 0xCC) {  // below U+0300
        at += static_cast<unsigned char>(text[at]) < 0x80 ? 1 : 2;
      } else if (!is_inert(next_code_point(text, at))) {
        return false;
      }
    }
    text.remove_prefix(valid);
    text.remove_prefix(invalid_utf8_prefix(text));
  }
  return true;
}

std::string to_nfc(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    if (valid > 0) append_nfc(text.substr(0, valid), out);
    text.remove_prefix(valid);
    const std::size_t invalid = invalid_utf8_prefix(text);
    out.append(text.substr(0, invalid));
    text.remove_prefix(invalid);
  }
  return out;
}

}  // namespace r1::tokenizer
