// Decoding by hand, and ranges of the Unicode blocks that hold letters. Blocks are taken whole: a stray unassigned code
// point inside one counts as a letter.
#include "r1/reward/unicode.h"

#include <algorithm>
#include <array>

namespace r1::reward {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Range {
  char32_t first, last;
};

constexpr bool is_in(char32_t c, const Range& range) { return c >= range.first && c <= range.last; }

constexpr std::array<Range, 6> kHan = {{{0x3005, 0x3007},  // iteration mark, closing mark, zero
                                        {0x3400, 0x4DBF},
                                        {0x4E00, 0x9FFF},
                                        {0xF900, 0xFAFF},
                                        {0x20000, 0x2FA1F},
                                        {0x30000, 0x323AF}}};

constexpr std::array<Range, 8> kOther = {{{0x0250, 0x02AF},  // IPA
                                          {0x0370, 0x1FFF},  // Greek, Cyrillic, Hebrew, Arabic, India, Georgian ...
                                          {0x2C00, 0x2DFF},  // Glagolitic, Coptic, Georgian, Ethiopic
                                          {0x3040, 0x318F},  // kana, Bopomofo, Hangul
                                          {0xA000, 0xABFF},  // Yi, Vai, Cham ...
                                          {0xAC00, 0xD7FF},  // Hangul
                                          {0xFB00, 0xFDFF},  // presentation forms
                                          {0x10000, 0x1CFFF}}};  // ancient and minority scripts

bool is_latin(char32_t c) {
  const char32_t lower = c | 0x20;
  if (lower >= U'a' && lower <= U'z' && c < 0x80) return true;
  return is_in(c, {0x00C0, 0x024F}) && c != 0x00D7 && c != 0x00F7;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (length == 1) {
    ++at;
    return first;
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  char32_t value = first & (0xFF >> (length + 1));
  bool good = first >= 0xC0 && first < 0xF8 && at + length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (byte(at + i) & 0xC0) == 0x80;
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  good = good && value >= kSmallest[length] && value <= 0x10FFFF && !is_in(value, {0xD800, 0xDFFF});
  at += good ? length : 1;
  return good ? value : kReplacement;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) (void)next_code_point(text, at);
  return count;
}

Script script_of(char32_t code_point) {
  if (is_latin(code_point)) return Script::Latin;
  const auto holds = [&](const Range& range) { return is_in(code_point, range); };
  if (std::any_of(kHan.begin(), kHan.end(), holds)) return Script::Han;
  if (std::any_of(kOther.begin(), kOther.end(), holds)) return Script::Other;
  return Script::None;
}

}  // namespace r1::reward
