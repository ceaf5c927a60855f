// The byte <-> printable table against the values of GPT-2's files, and its inverse on every byte.
#include "r1/tokenizer/byte_level.h"

#include <gtest/gtest.h>

#include <set>

namespace r1::tokenizer {
namespace {

TEST(ByteLevel, KnownCharacters) {
  EXPECT_EQ(to_printable(" the"), "Ġthe");
  EXPECT_EQ(to_printable("\n\t\r"), "Ċĉč");
  EXPECT_EQ(to_printable("!~"), "!~");
  EXPECT_EQ(to_printable(std::string("\0", 1)), "Ā");
  EXPECT_EQ(to_printable("\x7f"), "ġ");
  EXPECT_EQ(to_printable("\xad"), "Ń");
  EXPECT_EQ(to_printable("你"), "ä½ł");
}

TEST(ByteLevel, EveryByteComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_printable(to_printable(all)), all);
}

TEST(ByteLevel, OtherCharactersAreRefused) {
  EXPECT_EQ(from_printable("a b"), std::nullopt);     // a space is printed as Ġ
  EXPECT_EQ(from_printable("＜"), std::nullopt);      // three bytes of UTF-8
  EXPECT_EQ(from_printable("ń"), std::nullopt);       // U+0144, one past the last
  EXPECT_EQ(from_printable("\xc4"), std::nullopt);    // cut in the middle
  EXPECT_EQ(from_printable("\xc2\xad"), std::nullopt);  // U+00AD is printed as Ń
}

TEST(ByteLevel, AlphabetIsInOrderOfThePrintableCharacters) {
  const auto& order = byte_alphabet();
  EXPECT_EQ(std::set<std::uint8_t>(order.begin(), order.end()).size(), 256U);
  EXPECT_EQ(order[0], '!');
  EXPECT_EQ(order[93], '~');
  EXPECT_EQ(order[94], 0xA1);
  EXPECT_EQ(order[188], 0x00);         // Ā, the first of the 68 that do not print
  EXPECT_EQ(order[188 + 32], ' ');     // Ġ
  EXPECT_EQ(order[255], 0xAD);         // Ń
}

}  // namespace
}  // namespace r1::tokenizer
