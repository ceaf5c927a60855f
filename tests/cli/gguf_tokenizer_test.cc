// Tokenizer files to GGUF keys and back: the same file byte for byte, every end id, the chat template, gaps; keys that
// lie are refused by name.
#include "r1/cli/gguf_tokenizer.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "tests/cli/tiny_checkpoint.h"

namespace r1::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weights::GgufArray;
using weights::GgufMetadata;
using weights::GgufValue;

class GgufTokenizer : public TinyCheckpoint {
 protected:
  GgufMetadata keys() const { return gguf_tokenizer(folder_, 61); }
  /// What is said of good keys with another value of one.
  std::string complaint(const std::string& key, const GgufValue& value) const {
    GgufMetadata changed = keys();
    changed.set(key, value);
    try {
      tokenizer_files(changed, "x.gguf");
    } catch (const UserError& e) {
      EXPECT_THAT(e.what(), ::testing::StartsWith("x.gguf: "));
      return e.what();
    }
    return "accepted";
  }
};

TEST_F(GgufTokenizer, KeysSayWhatTheFilesSay) {
  const GgufMetadata made = keys();
  EXPECT_EQ(made.text("tokenizer.ggml.pre"), "smollm");
  const std::vector<std::string>& tokens = made.texts("tokenizer.ggml.tokens");
  const std::vector<std::int64_t> types = made.integers("tokenizer.ggml.token_type");
  ASSERT_EQ(tokens.size(), 61U);
  EXPECT_EQ(tokens[2], "Ġ");  // a space
  EXPECT_EQ(tokens[60], "[PAD60]");
  EXPECT_THAT((std::vector{types[0], types[2], types[42], types[43], types[45], types[60]}),
              ElementsAre(3, 1, 5, 4, 3, 5));
  EXPECT_THAT(made.texts("tokenizer.ggml.merges"), ElementsAre("t h", "th e"));
  EXPECT_EQ(made.integer("tokenizer.ggml.bos_token_id"), 1);
  EXPECT_EQ(made.integer("tokenizer.ggml.eos_token_id"), 45);
  EXPECT_EQ(made.integer("tokenizer.ggml.eot_token_id"), 0);
  EXPECT_EQ(made.integer("tokenizer.ggml.padding_token_id"), 45);
  EXPECT_FALSE(made.boolean("tokenizer.ggml.add_bos_token"));
  EXPECT_EQ(made.text("tokenizer.chat_template"), kTinyTemplate);
}

TEST_F(GgufTokenizer, BackToTheSameFiles) {
  const TokenizerFiles files = tokenizer_files(keys(), "x.gguf");
  EXPECT_EQ(files.tokenizer_json, core::read_file(folder_ / "tokenizer.json"));
  EXPECT_EQ(files.bos, 1);
  EXPECT_EQ(files.pad, 45);
  EXPECT_THAT(files.eos, ElementsAre(45, 0));
  const json config = json::parse(files.tokenizer_config_json);
  EXPECT_EQ(config["eos_token"], "<|im_end|>");
  EXPECT_EQ(config["chat_template"], kTinyTemplate);
  EXPECT_EQ(json::parse(files.generation_config_json)["eos_token_id"], json::array({45, 0}));
}

TEST_F(GgufTokenizer, TheBeginTokenIsWrittenForOthers) {
  core::write_file_atomic(folder_ / "tokenizer.json",
                          tokenizer::Tokenizer(tiny_tokenizer("llama-bpe")).to_json("<|im_start|>"));
  GgufMetadata made = keys();
  EXPECT_EQ(made.text("tokenizer.ggml.pre"), "llama-bpe");
  EXPECT_TRUE(made.boolean("tokenizer.ggml.add_bos_token"));
  EXPECT_EQ(tokenizer_files(made, "x.gguf").tokenizer_json, core::read_file(folder_ / "tokenizer.json"));
  made.set("tokenizer.ggml.add_bos_token", false);
  EXPECT_TRUE(json::parse(tokenizer_files(made, "x.gguf").tokenizer_json)["post_processor"].is_null());
}

TEST_F(GgufTokenizer, EveryNameComesBack) {
  for (const char* pre :
       {"gpt-2", "llama-bpe", "qwen2", "deepseek-r1-qwen", "deepseek-v3", "deepseek-coder", "smollm"}) {
    core::write_file_atomic(folder_ / "tokenizer.json", tokenizer::Tokenizer(tiny_tokenizer(pre)).to_json());
    EXPECT_EQ(keys().text("tokenizer.ggml.pre"), pre);
    EXPECT_EQ(tokenizer_files(keys(), "x.gguf").tokenizer_json, core::read_file(folder_ / "tokenizer.json")) << pre;
  }
}

TEST_F(GgufTokenizer, EndTokensAreKnownByTheirTexts) {
  GgufMetadata made;
  const GgufMetadata all = keys();
  for (const auto& [key, value] : all.entries())
    if (!key.ends_with("_token_id")) made.set(key, value);
  EXPECT_THAT(tokenizer_files(made, "x.gguf").eos, ElementsAre(45, 0));
}

TEST_F(GgufTokenizer, NamedTemplates) {
  GgufMetadata made = keys();
  made.set("tokenizer.chat_templates", GgufArray(std::vector<std::string>{"tool_use"}));
  made.set("tokenizer.chat_template.tool_use", std::string("with tools"));
  const json config = json::parse(tokenizer_files(made, "x.gguf").tokenizer_config_json);
  ASSERT_EQ(config["chat_template"].size(), 2U);
  EXPECT_EQ(config["chat_template"][1], (json{{"name", "tool_use"}, {"template", "with tools"}}));
  core::write_file_atomic(folder_ / "tokenizer_config.json", config.dump());
  EXPECT_EQ(keys().text("tokenizer.chat_template.tool_use"), "with tools");
}

TEST_F(GgufTokenizer, ABeginTokenThatIsOrdinaryTextIsRefused) {
  GgufMetadata made = keys();
  made.set("tokenizer.ggml.add_bos_token", true);
  made.set("tokenizer.ggml.bos_token_id", std::uint32_t{2});
  try {
    tokenizer_files(made, "x.gguf");
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("bos_token_id: 'Ġ' is no control token"));
  }
}

TEST_F(GgufTokenizer, LyingKeysAreRefused) {
  EXPECT_THAT(complaint("tokenizer.ggml.model", std::string("llama")), HasSubstr("'llama' is not supported"));
  EXPECT_THAT(complaint("tokenizer.ggml.pre", std::string("mystery")), HasSubstr("'mystery' is not known"));
  EXPECT_THAT(complaint("tokenizer.ggml.eos_token_id", std::uint32_t{61}), HasSubstr("is 61 of 61 tokens"));
  EXPECT_THAT(complaint("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"t q x"})), HasSubstr("no pair"));
  EXPECT_THAT(complaint("tokenizer.ggml.merges", GgufArray(std::vector<std::string>{"q q"})), HasSubstr("no token"));
  EXPECT_THAT(complaint("tokenizer.ggml.token_type", GgufArray(std::vector<std::int32_t>{1})), HasSubstr("1 types"));
  EXPECT_THAT(complaint("tokenizer.ggml.token_type", GgufArray(std::vector<std::int32_t>(61, 6))), HasSubstr("type 6"));
  EXPECT_THAT(complaint("tokenizer.ggml.tokens", GgufArray(std::vector<std::string>(61, "\xff"))), HasSubstr("UTF-8"));
  EXPECT_THAT(complaint("tokenizer.chat_template", std::string("\xc3")), HasSubstr("tokenizer.chat_template"));
}

TEST_F(GgufTokenizer, WhatGgufCannotSayIsRefused) {
  EXPECT_THROW(gguf_tokenizer(folder_, 45), UserError);
  tokenizer::Model model = tiny_tokenizer();
  model.split_patterns = {"[a-z]+"};
  core::write_file_atomic(folder_ / "tokenizer.json", tokenizer::Tokenizer(model).to_json());
  try {
    keys();
    FAIL() << "accepted";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("has no name in GGUF"));
  }
}

}  // namespace
}  // namespace r1::cli
