// Form C: the cases of the Unicode standard (annex 15), bytes that are no text, and every character that passes at a
// glance held to the full normalisation.
#include "r1/tokenizer/nfc.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

namespace r1::tokenizer {
namespace {

std::string utf8(utf8proc_int32_t c) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(c, bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

TEST(Nfc, ComposesReordersAndExcludes) {
  EXPECT_EQ(to_nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(to_nfc("\u212b\u2126"), "\u00c5\u03a9");
  EXPECT_EQ(to_nfc("\u1e9b\u0323"), "\u1e9b\u0323");
  EXPECT_EQ(to_nfc("a\u0301\u0323"), "\u1ea1\u0301");      // marks in the order of their classes
  EXPECT_EQ(to_nfc("\u0958"), "\u0915\u093c");             // an exclusion: stays apart
  EXPECT_EQ(to_nfc("\u1112\u1161\u11ab"), "\ud55c");       // Hangul by arithmetic
  EXPECT_EQ(to_nfc("\u304b\u3099"), "\u304c");
  EXPECT_EQ(to_nfc(""), "");
  EXPECT_EQ(to_nfc(std::string("a\0e\u0301", 5)), std::string("a\0\u00e9", 4));
}

TEST(Nfc, BytesThatAreNoTextStayAndPart) {
  EXPECT_EQ(to_nfc("e\xff\u0301"), "e\xff\u0301");
  EXPECT_EQ(to_nfc("\xc3"), "\xc3");
  EXPECT_EQ(to_nfc("e\u0301\xe3\x81"), "\u00e9\xe3\x81");
  EXPECT_TRUE(is_nfc_at_a_glance("a\xff\xc3z"));
  EXPECT_FALSE(is_nfc_at_a_glance("a\xff\u0301"));
}

TEST(Nfc, WhatPassesAtAGlanceNeverChanges) {
  int passed = 0;
  for (utf8proc_int32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = utf8(c);
    if (!is_nfc_at_a_glance(text)) continue;
    ++passed;
    EXPECT_EQ(to_nfc(text), text) << c;
    EXPECT_EQ(utf8proc_get_property(c)->combining_class, 0) << c;
    // Nor does it join a letter, a kana or a syllable before it.
    for (const char* before : {"a", "\u304b", "\uac00", "\u1100"}) EXPECT_EQ(to_nfc(before + text), before + text) << c;
  }
  EXPECT_GT(passed, 30000);
  EXPECT_TRUE(is_nfc_at_a_glance("naïve 数学 ガ Ж 😀 → ∑ 한"));
  EXPECT_FALSE(is_nfc_at_a_glance("e\u0301"));
}

}  // namespace
}  // namespace r1::tokenizer
