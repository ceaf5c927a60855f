// Decoding of good and broken UTF-8, and letters by script.
#include "r1/reward/unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace r1::reward {
namespace {

std::vector<char32_t> decoded(std::string_view text) {
  std::vector<char32_t> out;
  for (std::size_t at = 0; at < text.size();) out.push_back(next_code_point(text, at));
  return out;
}

TEST(UnicodeTest, DecodesAllLengths) {
  EXPECT_EQ(decoded("a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80z"),
            (std::vector<char32_t>{U'a', 0xE9, 0x4E2D, 0x1F600, U'z'}));
  EXPECT_EQ(count_code_points("等等 wait"), 7u);
}

TEST(UnicodeTest, BrokenBytesAreOneReplacementEach) {
  const char32_t bad = 0xFFFD;
  EXPECT_EQ(decoded("\x80x"), (std::vector<char32_t>{bad, U'x'}));
  EXPECT_EQ(decoded("\xE4\xB8"), (std::vector<char32_t>{bad, bad}));  // cut off
  EXPECT_EQ(decoded("\xC0\xAF"), (std::vector<char32_t>{bad, bad}));  // overlong
  EXPECT_EQ(decoded("\xED\xA0\x80"), (std::vector<char32_t>{bad, bad, bad}));  // surrogate
  EXPECT_EQ(decoded("\xFF"), (std::vector<char32_t>{bad}));
}

TEST(UnicodeTest, KnowsScripts) {
  for (const char32_t c : {U'a', U'Z', U'\u00E9', U'\u0153'}) EXPECT_EQ(script_of(c), Script::Latin) << int(c);
  for (const char32_t c : {U'\u4E2D', U'\u3007', U'\U00020000'}) EXPECT_EQ(script_of(c), Script::Han) << int(c);
  for (const char32_t c : {U'\u0416', U'\u03C0', U'\u3042', U'\uAC00'})
    EXPECT_EQ(script_of(c), Script::Other) << int(c);
  for (const char32_t c : {U'7', U' ', U'+', U'\u00D7', U'\u3002', U'\uFF0C', U'\U0001F600', U'\uFFFD', U'\u2192'})
    EXPECT_EQ(script_of(c), Script::None) << int(c);
}

}  // namespace
}  // namespace r1::reward
