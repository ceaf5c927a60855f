// Records on disk: what is written reads back; broken lines are named.
#include "r1/pipeline/stages/sft_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/token_shard.h"
#include "r1/pipeline/stages/tokenizer.h"
#include "r1/tokenizer/bpe_trainer.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;

class SftRecords : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / ("r1_sft_records_" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(SftRecords, ReadBackAsWritten) {
  const std::vector<SftRecord> records = {{"zero/rl-1/0", "Q\n", "<think>好\"</think>", "zero", "rl-1", "maths", "zh"},
                                          {"general/7", "Hi", "Ho", "general", "", "", ""}};
  write_records(root_ / "a.jsonl", records);
  const std::vector<SftRecord> back = read_records(root_ / "a.jsonl");
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(to_json_line(back[0]), to_json_line(records[0]));
  EXPECT_EQ(to_json_line(back[1]), to_json_line(records[1]));
}

TEST_F(SftRecords, ABrokenLineIsNamed) {
  core::write_file_atomic(root_ / "b.jsonl", to_json_line({"a", "b", "c", "", "", "", ""}) + "\n{\"id\":\"x\"}\n");
  try {
    read_records(root_ / "b.jsonl");
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("b.jsonl:2: \"prompt\" must be a text"));
  }
}

TEST_F(SftRecords, TheShardCountsCompletionsOnly) {
  const tokenizer::Tokenizer tokens =
      tokenizer::train_bpe({"ab ab cd"}, {.vocab_size = 270, .special_tokens = default_special_tokens()});
  core::write_file_atomic(root_ / "tokenizer.json", tokens.to_json());
  core::write_file_atomic(root_ / "config.json", R"({"eos_token_id": [5, 1]})");
  write_sft_shard({{"x", "ab", "cd", "", "", "", ""}}, root_, root_ / "x.tokens");
  const data::TokenShard shard(root_ / "x.tokens");
  const auto prompt = static_cast<std::int64_t>(tokens.encode("ab").size());
  ASSERT_EQ(shard.num_documents(), 1);
  for (std::int64_t i = 0; i < shard.num_tokens(); ++i) EXPECT_EQ(shard.is_target(i), i >= prompt) << i;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(shard.num_tokens()));
  shard.copy_tokens(0, ids);
  EXPECT_EQ(ids.back(), 5) << "a document ends with the model's first end-of-sequence id";
}

}  // namespace
}  // namespace r1::pipeline
