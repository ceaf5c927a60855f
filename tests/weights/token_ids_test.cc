// Token ids of a model folder: which file counts, lists, what is missing, what is no id.
#include "r1/weights/token_ids.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::weights {
namespace {

class TokenIdsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void write(const char* name, const std::string& text) { core::write_file_atomic(folder_ / name, text); }
  std::string refused() {
    try {
      load_token_ids(folder_);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_token_ids");
};

TEST_F(TokenIdsTest, GenerationConfigComesBeforeConfig) {
  write("config.json", R"({"bos_token_id": 3, "eos_token_id": 4, "pad_token_id": 5})");
  write("generation_config.json", R"({"eos_token_id": [7, 8], "pad_token_id": null})");
  EXPECT_THAT(load_eos_ids(folder_), ::testing::ElementsAre(7, 8));
  const TokenIds ids = load_token_ids(folder_);
  EXPECT_EQ(ids.bos, 3);
  EXPECT_EQ(ids.eos, 7);
  EXPECT_EQ(ids.pad, 5);
}

TEST_F(TokenIdsTest, WithoutBeginningOrPaddingTheEndStandsForThem) {
  write("config.json", R"({"eos_token_id": 4})");
  EXPECT_EQ(load_token_ids(folder_).bos, 4);
  EXPECT_EQ(load_token_ids(folder_).pad, 4);
}

TEST_F(TokenIdsTest, WhatIsNoIdIsOneClearLine) {
  write("config.json", "{}");
  EXPECT_THAT(refused(), ::testing::HasSubstr("has an eos_token_id"));
  for (const char* bad : {"[]", "-1", "\"</s>\"", "[1, 2.5]", "3000000000"}) {
    write("config.json", std::string(R"({"eos_token_id": )") + bad + "}");
    EXPECT_THAT(refused(), ::testing::HasSubstr("must be a token id or a list")) << bad;
  }
  write("config.json", "[");
  EXPECT_THAT(refused(), ::testing::HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace r1::weights
