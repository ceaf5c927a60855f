// tokenizer.json: written and read back, read as others write it, refused by name; ids equal to the `tokenizers`
// library's (golden/).
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::tokenizer {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/tokenizer/golden";

class TokenizerJson : public testing::Test {
 protected:
  TokenizerJson()
      : file_(std::filesystem::path(testing::TempDir()) /
              (std::string("r1_") + testing::UnitTest::GetInstance()->current_test_info()->name() + ".json")) {
    const std::vector<std::string_view> documents(3, "the cat sat on the mat, 你好 你好 1234\n");
    document_ = json::parse(train_bpe(documents, {.vocab_size = 290, .num_threads = 1}).to_json());
  }
  ~TokenizerJson() override { std::filesystem::remove(file_); }

  Tokenizer load(const json& document) {
    core::write_file_atomic(file_, document.dump());
    return Tokenizer::load(file_);
  }
  /// The message with which `document` is refused; empty when it is read.
  std::string refusal(const json& document) {
    try {
      load(document);
    } catch (const UserError& e) {
      EXPECT_THAT(e.what(), HasSubstr(file_.string()));
      return e.what();
    }
    return "";
  }

  std::filesystem::path file_;
  json document_;
};

TEST_F(TokenizerJson, SavedAndLoadedIsTheSame) {
  const Tokenizer loaded = load(document_);
  EXPECT_EQ(json::parse(loaded.to_json()), document_);
  EXPECT_EQ(loaded.model().tokens[0], "<|bos|>");
  EXPECT_EQ(loaded.special_id("<|eos|>"), 1);
  EXPECT_EQ(loaded.model().split_patterns, deepseek_v3_patterns());
  EXPECT_EQ(loaded.decode(loaded.encode("the 你好")), "the 你好");
  EXPECT_LT(loaded.encode("the cat").size(), 5U);
}

TEST_F(TokenizerJson, MergesAsStringsOrPairs) {
  json as_strings = document_;
  for (json& merge : as_strings["model"]["merges"])
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  EXPECT_EQ(load(as_strings).to_json(), load(document_).to_json());
}

TEST_F(TokenizerJson, TokensAddedBehindTheVocabulary) {
  document_["added_tokens"].push_back({{"id", 290}, {"content", "<｜User｜>"}, {"special", false}});
  const Tokenizer t = load(document_);
  EXPECT_EQ(t.encode("<｜User｜>"), std::vector<std::int32_t>{290});
  EXPECT_EQ(t.decode(std::vector<std::int32_t>{290}, true), "<｜User｜>");  // not special: never skipped
  EXPECT_EQ(t.vocab_size(), 291);
  EXPECT_EQ(json::parse(t.to_json())["added_tokens"][3]["special"], false);
}

TEST_F(TokenizerJson, WhatSmolAndLlamaFilesHaveBesides) {
  json& steps = document_["pre_tokenizer"]["pretokenizers"];
  steps = {{{"type", "Digits"}, {"individual_digits", true}}, {{"type", "ByteLevel"}, {"add_prefix_space", false}}};
  document_["model"]["ignore_merges"] = true;
  document_["model"]["unk_token"] = "<|bos|>";
  document_["model"]["vocab"].erase("x");
  const Tokenizer t = load(document_);
  ASSERT_EQ(t.model().split_patterns.size(), 2U);
  EXPECT_EQ(t.model().split_patterns[0], "\\p{N}");
  EXPECT_TRUE(t.model().ignore_merges);
  EXPECT_EQ(t.encode("x"), std::vector<std::int32_t>{0});
  const json again = json::parse(t.to_json("<|eos|>"));
  EXPECT_EQ(again["model"], document_["model"]);
  EXPECT_EQ(again["post_processor"]["special_tokens"]["<|eos|>"]["ids"], json::array({1}));
  EXPECT_EQ(again["post_processor"]["single"][1]["Sequence"]["id"], "A");
  EXPECT_TRUE(document_["post_processor"].is_null());
}

TEST_F(TokenizerJson, FormCAloneOrInASequence) {
  document_["normalizer"] = {{"type", "NFC"}};
  EXPECT_TRUE(load(document_).model().nfc);
  EXPECT_EQ(json::parse(load(document_).to_json()), document_);
  EXPECT_EQ(load(document_).encode("e\u0301<|eos|>"), load(document_).encode("\u00e9<|eos|>"));
  document_["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  EXPECT_TRUE(load(document_).model().nfc);
  document_["added_tokens"][0]["normalized"] = true;
  EXPECT_THAT(refusal(document_), HasSubstr("<|bos|> with normalized"));
}

TEST_F(TokenizerJson, ByteLevelAloneCutsAsGpt2Does) {
  document_["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};  // use_regex is true by default
  document_["normalizer"] = {{"type", "Sequence"}, {"normalizers", json::array()}};
  const Tokenizer t = load(document_);
  ASSERT_EQ(t.model().split_patterns.size(), 1U);
  EXPECT_THAT(t.model().split_patterns[0], HasSubstr("'ll"));
}

TEST_F(TokenizerJson, WhatWouldChangeIdsIsRefusedByName) {
  struct Case {
    std::string pointer;
    json value;
    std::string said;
  };
  const std::vector<Case> cases = {
      {"/normalizer", {{"type", "NFKC"}}, "normalizer NFKC"},
      {"/normalizer",
       {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Lowercase"}}}}},
       "normalizer Lowercase"},
      {"/truncation", {{"max_length", 5}}, "truncation"},
      {"/padding", {{"strategy", "BatchLongest"}}, "padding"},
      {"/model/type", "Unigram", "model Unigram"},
      {"/model/dropout", 0.1, "dropout"},
      {"/model/byte_fallback", true, "byte_fallback"},
      {"/model/fuse_unk", true, "fuse_unk"},
      {"/model/end_of_word_suffix", "</w>", "end_of_word_suffix"},
      {"/model/continuing_subword_prefix", "##", "continuing_subword_prefix"},
      {"/decoder", {{"type", "WordPiece"}}, "decoder"},
      {"/pre_tokenizer", nullptr, "pre_tokenizer null"},
      {"/pre_tokenizer", {{"type", "Metaspace"}}, "pre_tokenizer Metaspace"},
      {"/pre_tokenizer/pretokenizers/0/type", "Punctuation", "pre_tokenizer Punctuation"},
      {"/pre_tokenizer/pretokenizers/0/behavior", "Removed", "Split behavior Removed"},
      {"/pre_tokenizer/pretokenizers/0/invert", true, "invert"},
      {"/pre_tokenizer/pretokenizers/0/pattern", {{"String", " "}}, "Split pattern"},
      {"/pre_tokenizer/pretokenizers/0/pattern/Regex", "[a", "[a"},
      {"/pre_tokenizer/pretokenizers/3/add_prefix_space", true, "add_prefix_space"},
      {"/added_tokens/0/lstrip", true, "lstrip"},
      {"/model/merges/0", "ab", "merge ab is no pair"},
      {"/model/merges/0", {"a", "zzz"}, "zzz"},
      {"/model/vocab/你", 500, "not in byte-level form"},
      {"/model/vocab/new", 5, "id 5 twice"},
      {"/model/vocab/new", -5, "id -5"},
      {"/model/vocab/new", 5.5, "id 5.5"},
      {"/model/vocab/new", 1e300, "id 1e+300"},
      {"/model/vocab/new", (1 << 24) - 1, "id 16777215"},  // 1 GB of empty tokens
      {"/added_tokens/0/id", 1.5, "has the id 1.5"},
      {"/added_tokens/0/id", std::int64_t{1} << 32, "has the id 4294967296"},
      {"/added_tokens/0/id", (1 << 24) - 1, "has the id 16777215, outside of"},
  };
  for (const Case& c : cases) {
    json document = document_;
    document[json::json_pointer(c.pointer)] = c.value;
    EXPECT_THAT(refusal(document), HasSubstr(c.said)) << c.pointer;
  }
}

TEST_F(TokenizerJson, AnEmptyVocabEntryIsNotTheUnknownToken) {
  json document = document_;
  document["model"]["vocab"] = {{"a", 0}, {"", 1}};
  document["model"]["merges"] = json::array();
  document["model"].erase("unk_token");
  document["added_tokens"] = json::array();
  core::write_file_atomic(file_, document.dump());
  const Tokenizer t = Tokenizer::load(file_);
  EXPECT_EQ(t.model().unknown, std::nullopt);
  EXPECT_EQ(t.encode("ab"), std::vector<std::int32_t>{0});
}

TEST_F(TokenizerJson, DeepNestingIsRefusedNotFollowed) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const char* key : {"normalizer", "model", "pre_tokenizer"}) {
    core::write_file_atomic(file_, std::string("{\"") + key + "\": " + deep + "}");
    EXPECT_THROW(Tokenizer::load(file_), UserError) << key;
  }
}

TEST_F(TokenizerJson, BrokenFilesAreUserErrors) {
  json no_model = document_;
  no_model.erase("model");
  EXPECT_THAT(refusal(no_model), HasSubstr("model"));
  EXPECT_THAT(refusal(json::array()), HasSubstr("tokenizer.json"));
  core::write_file_atomic(file_, "{\"model\": ");
  EXPECT_THROW(Tokenizer::load(file_), UserError);
  std::filesystem::remove(file_);
  EXPECT_THROW(Tokenizer::load(file_), UserError);
}

TEST(TokenizerGolden, SameIdsAsTheTokenizersLibrary) {
  const Tokenizer t = Tokenizer::load(kGolden / "tokenizer.json");
  const json golden = json::parse(core::read_file(kGolden / "golden.json"));
  ASSERT_GT(golden.at("cases").size(), 300U);
  for (const json& c : golden.at("cases")) {
    const auto text = c.at(0).get<std::string>();
    EXPECT_EQ(t.encode(text), c.at(1).get<std::vector<std::int32_t>>()) << text;
    EXPECT_EQ(t.decode(t.encode(text)), text);
  }
}

}  // namespace
}  // namespace r1::tokenizer
