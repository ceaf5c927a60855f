// Rank files: merging by rank, the printable form, special tokens, and what is refused. Ids against the tiktoken
// library are in families_test.cc.
#include "r1/tokenizer/tiktoken.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/byte_level.h"

namespace r1::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string base64(const std::string& bytes) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

class Tiktoken : public testing::Test {
 protected:
  Tiktoken()
      : file_(std::filesystem::path(testing::TempDir()) /
              (std::string("r1_") + testing::UnitTest::GetInstance()->current_test_info()->name() + ".tiktoken")) {
    for (int byte = 0; byte < 256; ++byte) tokens_.emplace_back(1, static_cast<char>(byte));
  }
  ~Tiktoken() override { std::filesystem::remove(file_); }

  std::string text() const {
    std::string text;
    for (std::size_t rank = 0; rank < tokens_.size(); ++rank)
      text += base64(tokens_[rank]) + " " + std::to_string(rank) + "\n";
    return text;
  }
  Tokenizer load(const std::string& text, const std::string& pattern = "gpt2",
                 const std::vector<std::pair<std::string, std::int32_t>>& special = {}) {
    core::write_file_atomic(file_, text);
    return load_tiktoken(file_, pattern, special);
  }
  std::string refusal(const std::string& text, const std::string& pattern = "gpt2",
                      const std::vector<std::pair<std::string, std::int32_t>>& special = {}) {
    try {
      load(text, pattern, special);
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  }

  std::filesystem::path file_;
  std::vector<std::string> tokens_;  // by rank
};

TEST_F(Tiktoken, MergesByRankOfWhatComesOut) {
  for (const char* token : {"bc", "ab", "abc", "aa", "aaa", "zyx"}) tokens_.emplace_back(token);
  const Tokenizer t = load(text());
  EXPECT_THAT(t.encode("abc"), ElementsAre(258));
  EXPECT_THAT(t.encode("abcab"), ElementsAre(258, 257));  // bc first, then a + bc
  EXPECT_THAT(t.encode("aaaaa"), ElementsAre(259, 260));
  EXPECT_THAT(t.encode("zyx"), ElementsAre(261));         // no merge makes it, but the piece is the token
  EXPECT_THAT(t.encode("zyxz"), ElementsAre('z', 'y', 'x', 'z'));
}

TEST_F(Tiktoken, EveryCutOfATokenIsAMergeOfItsRank) {
  for (const char* token : {"ab", "bc", "abc"}) tokens_.emplace_back(token);
  tokens_.emplace_back("ca");
  tokens_.emplace_back("cab");
  // abc from ab + c and cab from c + ab: that of the lower rank where both could be.
  EXPECT_THAT(load(text()).encode("cabc"), ElementsAre('c', 258));
  EXPECT_THAT(load(text()).encode("ccab"), ElementsAre('c', 260));
}

TEST_F(Tiktoken, PrintableFormAndSpecialTokensAmongTheRanks) {
  tokens_.emplace_back(" a");
  std::string text;
  for (std::size_t rank = 0; rank < tokens_.size(); ++rank)
    text += base64(to_printable(tokens_[rank])) + " " + std::to_string(rank) + "\r\n";
  text += "\n" + base64("<｜eos｜>") + " 300\n";  // not in printable form: it stands for itself
  const Tokenizer t = load(text, "gpt2", {{"<｜eos｜>", 300}, {"<|user|>", 301}});
  EXPECT_THAT(t.encode("x a<｜eos｜><|user|>"), ElementsAre('x', 256, 300, 301));
  EXPECT_EQ(t.vocab_size(), 302);
  EXPECT_FALSE(t.contains(299));
  EXPECT_THAT(refusal(text), HasSubstr("has no token"));
}

TEST_F(Tiktoken, SpecialTokensOfJsonFiles) {
  core::write_file_atomic(file_, R"({"<a>": 7, "note": "text", "<b>": 8})");
  EXPECT_THAT(read_special_tokens(file_), ElementsAre(testing::Pair("<a>", 7), testing::Pair("<b>", 8)));
  core::write_file_atomic(file_, R"({"added_tokens_decoder": {"9": {"content": "<c>", "special": true}}})");
  EXPECT_THAT(read_special_tokens(file_), ElementsAre(testing::Pair("<c>", 9)));
  for (const char* bad : {"[]", "{", R"({"<a>": -1})", R"({"added_tokens_decoder": {"x": {"content": "<c>"}}})",
                          R"({"added_tokens_decoder": {"9": {}}})"}) {
    core::write_file_atomic(file_, bad);
    EXPECT_THROW(read_special_tokens(file_), UserError) << bad;
  }
}

TEST_F(Tiktoken, WhatIsWrongIsNamedByLine) {
  EXPECT_THAT(refusal(""), HasSubstr("holds no token"));
  EXPECT_THAT(refusal("{\"model\": 1}"), HasSubstr(".tiktoken:1:"));
  for (const char* line : {"YQ==", "YQ== x", "YQ== -1", "YQ== 1 2", "YQ==  1", "YQ= 1", "Y*== 1", " 1",
                           "YQ== 99999999999", "YQ== 16777216"})
    EXPECT_THAT(refusal(text() + line + "\n"), HasSubstr(".tiktoken:257:")) << line;
  EXPECT_THAT(refusal(text() + "YWI= 3\n"), HasSubstr("rank 3 is given twice"));
  EXPECT_THAT(refusal(text() + "YQ== 300\n"), HasSubstr("are both a"));
  EXPECT_THAT(refusal(text().substr(7)), HasSubstr("has no token"));
  EXPECT_THAT(refusal(text(), "lama3"), HasSubstr("pattern 'lama3'"));
  EXPECT_THAT(refusal(text(), "[a"), HasSubstr("[a"));
  EXPECT_THAT(refusal(text(), "gpt2", {{"<a>", 5}}), HasSubstr("<a>"));
}

}  // namespace
}  // namespace r1::tokenizer
