// Pieces by hand for DeepSeek-V3's three splits and for the corners: white space, empty matches, invalid UTF-8,
// refusals.
#include "r1/tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>

#include <chrono>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/tokenizer/bpe_trainer.h"

namespace r1::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> pieces(const std::vector<std::string>& patterns, std::string_view text) {
  std::vector<std::string> out;
  PreTokenizer(patterns).for_each_piece(text, [&](std::string_view piece) { out.emplace_back(piece); });
  return out;
}

std::vector<std::string> deepseek(std::string_view text) { return pieces(deepseek_v3_patterns(), text); }

TEST(PreTokenizer, DeepSeekV3) {
  EXPECT_THAT(deepseek("Hello world"), ElementsAre("Hello", " world"));
  EXPECT_THAT(deepseek("12345"), ElementsAre("123", "45"));
  EXPECT_THAT(deepseek("x 42"), ElementsAre("x", " ", "42"));
  EXPECT_THAT(deepseek("def main():\n\tpass"), ElementsAre("def", " main", "():\n", "\tpass"));
  EXPECT_THAT(deepseek("日本語のテキストabc"), ElementsAre("日本語のテキスト", "abc"));
  EXPECT_THAT(deepseek("a  b   "), ElementsAre("a", " ", " b", "   "));
  EXPECT_THAT(deepseek(".foo !!\n\n x"), ElementsAre(".foo", " !!\n\n", " x"));
  EXPECT_THAT(deepseek("<think>"), ElementsAre("<think", ">"));
}

TEST(PreTokenizer, SplitsAreAppliedOneInsideTheOther) {
  // \s+(?!\S) in the third split sees the end of the piece that the first one cut off, not the digit behind it.
  EXPECT_THAT(deepseek("a  7"), ElementsAre("a", "  ", "7"));
  EXPECT_THAT(pieces({"b+", "a"}, "aabba"), ElementsAre("a", "a", "bb", "a"));
  EXPECT_THAT(pieces({"a", "b+"}, "abbcab"), ElementsAre("a", "bb", "c", "a", "b"));
  EXPECT_THAT(pieces({}, "as it is"), ElementsAre("as it is"));
}

TEST(PreTokenizer, WhiteSpaceIsUnicodes) {
  EXPECT_THAT(pieces({"\\s"}, "a\u00a0b\u3000c\u0085d\u2028e"),
              ElementsAre("a", "\u00a0", "b", "\u3000", "c", "\u0085", "d", "\u2028", "e"));
  EXPECT_THAT(pieces({"\\s"}, "a\u180eb"), ElementsAre("a\u180eb"));  // no white space since Unicode 6.3
  EXPECT_THAT(pieces({"\\S+"}, "a\u180eb c"), ElementsAre("a\u180eb", " ", "c"));
  EXPECT_THAT(pieces({"[^\\s1]+"}, "ab\u00a01c"), ElementsAre("ab", "\u00a01", "c"));
}

TEST(PreTokenizer, EmptyMatchesCutAndGoOn) {
  EXPECT_THAT(pieces({"(?=你)"}, "a你你b"), ElementsAre("a", "你", "你b"));
  EXPECT_THAT(pieces({"x*"}, "axxb"), ElementsAre("a", "xx", "b"));
}

TEST(PreTokenizer, HostileExpressionsEndSoonInAnError) {
  const std::string text = std::string(60, 'a') + "!";
  for (const char* pattern : {"(a+)+$", "(a|aa)+$", "(?R)?!$|(?R)"}) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_THROW(pieces({pattern}, text), UserError) << pattern;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10)) << pattern;
  }
  EXPECT_THROW(pieces({"\\C"}, text), UserError);  // cuts characters in two
}

TEST(PreTokenizer, LongRunsAreNoHostility) {
  const std::string run = std::string(3'000'000, ' ') + "x";
  EXPECT_THAT(pieces({R"(\s+(?!\S)|\s+|\S+)"}, run), ElementsAre(std::string(2'999'999, ' '), " ", "x"));
  EXPECT_EQ(deepseek(run + "\n").size(), 3U);
}

TEST(PreTokenizer, BytesThatAreNotUtf8AreApart) {
  EXPECT_THAT(deepseek("ab\xff\xfe cd"), ElementsAre("ab", "\xff\xfe", " cd"));
  EXPECT_THAT(deepseek("\xe4\xbd"), ElementsAre("\xe4\xbd"));               // a character cut short
  EXPECT_THAT(deepseek("\xed\xa0\x80x"), ElementsAre("\xed\xa0\x80", "x"));  // a surrogate
  EXPECT_THAT(deepseek("\xc0\xaf"), ElementsAre("\xc0\xaf"));               // overlong
  EXPECT_THAT(deepseek("\xf4\x90\x80\x80"), ElementsAre("\xf4\x90\x80\x80"));  // above U+10FFFF
}

TEST(PreTokenizer, ValidPrefixEndsAtTheFirstBadByte) {
  EXPECT_EQ(valid_utf8_prefix("0123456789abcdef"), 16U);
  EXPECT_EQ(valid_utf8_prefix("01234567\x80"), 8U);
  EXPECT_EQ(valid_utf8_prefix("é\u0800\U0010ffff\xf0\x8f\xbf\xbf"), 9U);
  EXPECT_EQ(invalid_utf8_prefix("\x80\x80z"), 2U);
}

TEST(PreTokenizer, NothingIsLostOnRandomBytes) {
  core::Rng rng({.seed = 5});
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::uint64_t i = rng.below(60); i > 0; --i)
      text += static_cast<char>(rng.below(3) == 0 ? rng.below(256) : rng.below(128));
    std::string joined;
    for (const std::string& piece : deepseek(text)) joined += piece;
    EXPECT_EQ(joined, text);
  }
}

TEST(PreTokenizer, LongRunsNeedNoDeepStack) {
  const std::string text(1 << 20, ' ');
  EXPECT_THAT(deepseek(text + "x"), ElementsAre(std::string((1 << 20) - 1, ' '), " x"));
  EXPECT_EQ(deepseek(std::string(1 << 20, 'a')).size(), 1U);
}

TEST(PreTokenizer, RefusalsSayWhatIsWrong) {
  const auto message = [](const std::string& pattern) {
    try {
      PreTokenizer({pattern});
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("a(b"), HasSubstr("a(b"));
  EXPECT_THAT(message("[a-z&&[^b]]"), HasSubstr("&&"));
  EXPECT_THAT(message("[a[bc]]"), HasSubstr("class inside a class"));
  EXPECT_EQ(message("[[:alpha:]_]+"), "");
  EXPECT_THAT(pieces({"[[:alpha:]_]+"}, "a_b1c"), ElementsAre("a_b", "1", "c"));
}

}  // namespace
}  // namespace r1::tokenizer
