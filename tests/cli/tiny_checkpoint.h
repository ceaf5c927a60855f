// A checkpoint of 61 tokens for tests of conversions: transformers' tiny model of tests/golden/llama with a tokenizer,
// a chat template and end ids of its own. Made anew for each test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "r1/cli/gguf_split_patterns.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::cli {

inline constexpr const char* kTinyTemplate = "{% for m in messages %}<|im_start|>{{ m['content'] }}{% endfor %}";

/// The bytes " .0-9a-z" but no others, two merges, three special tokens of which one lies behind a gap, an added one.
inline tokenizer::Model tiny_tokenizer(const std::string& pre = "smollm") {
  tokenizer::Model model;
  model.tokens = {"<|endoftext|>", "<|im_start|>"};
  for (const char c : std::string(" .0123456789abcdefghijklmnopqrstuvwxyz")) model.tokens.emplace_back(1, c);
  const auto id = [&](const std::string& token) {
    return static_cast<std::int32_t>(std::find(model.tokens.begin(), model.tokens.end(), token) - model.tokens.begin());
  };
  const std::pair<const char*, const char*> merges[] = {{"t", "h"}, {"th", "e"}};
  for (const auto& [left, right] : merges) {
    model.merges.emplace_back(id(left), id(right));
    model.tokens.push_back(std::string(left) + right);
  }
  model.special_tokens = {{"<|endoftext|>", 0}, {"<|im_start|>", 1}, {"<|im_end|>", 45}};
  model.added_tokens = {{"<tool>", 43}};
  model.split_patterns = find_gguf_split(pre)->patterns;
  model.ignore_merges = find_gguf_split(pre)->ignore_merges;
  model.nfc = find_gguf_split(pre)->nfc;
  return model;
}

class TinyCheckpoint : public ::testing::Test {
 protected:
  TinyCheckpoint() : own_(own_folder()), folder_(own_ / "model") {
    std::filesystem::remove_all(own_);
    std::filesystem::create_directories(folder_);
    for (const char* name : {"config.json", "model.safetensors"})
      std::filesystem::copy(golden() / "llama" / name, folder_ / name);
    core::write_file_atomic(folder_ / "generation_config.json",
                            R"({"bos_token_id": 1, "eos_token_id": [45, 0], "pad_token_id": 45})");
    core::write_file_atomic(
        folder_ / "tokenizer_config.json",
        std::string(R"({"bos_token": "<|im_start|>", "eos_token": {"content": "<|im_end|>"}, "chat_template": ")") +
            kTinyTemplate + "\"}");
    core::write_file_atomic(folder_ / "tokenizer.json", tokenizer::Tokenizer(tiny_tokenizer()).to_json());
  }
  ~TinyCheckpoint() override { std::filesystem::remove_all(own_); }

  static std::filesystem::path golden() { return std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/llama"; }

  std::filesystem::path own_, folder_;

 private:
  static std::filesystem::path own_folder() {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    return std::filesystem::path(R1_BINARY_DIR) / "cli_test" / test.test_suite_name() / test.name();
  }
};

}  // namespace r1::cli
