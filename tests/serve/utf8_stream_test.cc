// Characters cut at every place come out whole and in order; what is no UTF-8 becomes U+FFFD.
#include "r1/serve/utf8_stream.h"

#include <gtest/gtest.h>

namespace r1::serve {
namespace {

TEST(Utf8Stream, CharactersCutAnywhereComeOutWhole) {
  const std::string text = "a\u00e9\u4e2d\U0001F600z";
  for (std::size_t first = 0; first <= text.size(); ++first)
    for (std::size_t second = first; second <= text.size(); ++second) {
      Utf8Stream stream;
      std::string all;
      for (const std::string& piece :
           {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) {
        const std::string out = stream.push(piece);
        if (!out.empty()) {
          EXPECT_NE(static_cast<unsigned char>(out[0]) & 0xC0, 0x80) << first << " " << second;
        }
        all += out;
      }
      EXPECT_EQ(all, text);
      EXPECT_EQ(stream.finish(), "");
    }
}

TEST(Utf8Stream, AnOpenCharacterIsHeldBackUntilTheEnd) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("x\xE4\xB8"), "x");
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8Stream, BytesOfNoCharacterAreReplaced) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("\x80\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(stream.push("\xFFq"), "\uFFFDq");
  EXPECT_EQ(stream.push("\xE4z"), "\uFFFDz");
  EXPECT_EQ(stream.push("\xE4\xB8"), "");
  EXPECT_EQ(stream.push("\xE4\xB8\xAD"), "\uFFFD\uFFFD\u4e2d");
}

}  // namespace
}  // namespace r1::serve
