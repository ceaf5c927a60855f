// Stage tokenizer: the shard holds each document's prompt and completion, encoded apart, and an end of sequence.
#include "r1/pipeline/stages/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "r1/core/error.h"
#include "r1/data/token_shard.h"
#include "r1/pipeline/stages/corpus_file.h"

namespace r1::pipeline {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TokenizerStageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = fs::temp_directory_path() /
           (std::string("r1_tokenizer_stage_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(run_);
    CorpusWriter writer(run_ / "corpus" / "corpus.jsonl");
    for (int i = 0; i < 20; ++i)
      writer.add({"User: 1+1=?\nAssistant: ", "<think>1+1;2</think><answer>2</answer>", "careful"});
    writer.add({"", "raw text", "text"});
    writer.finish();
    config_.special_tokens = default_special_tokens();
    config_.vocab_size = 300;
    config_.num_threads = 2;
  }
  void TearDown() override { fs::remove_all(run_); }
  Metrics run() {
    fs::create_directories(run_ / "tokenizer");
    return TokenizerStage(config_).run({.run = run_, .directory = run_ / "tokenizer"});
  }

  fs::path run_;
  TokenizerStageConfig config_;
};

TEST_F(TokenizerStageTest, ShardDecodesToTheDocuments) {
  const Metrics metrics = run();
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(run_ / "tokenizer" / "tokenizer.json");
  const data::TokenShard shard(run_ / "tokenizer" / "corpus.tokens");
  ASSERT_EQ(shard.num_documents(), 21);
  EXPECT_EQ(shard.vocab_size(), tokenizer.vocab_size());
  EXPECT_LE(shard.vocab_size(), 300);
  EXPECT_FALSE(shard.has_mask());
  std::vector<std::int32_t> ids(static_cast<std::size_t>(shard.document_size(0)));
  shard.copy_tokens(0, ids);
  EXPECT_EQ(tokenizer.decode(ids), "User: 1+1=?\nAssistant: <think>1+1;2</think><answer>2</answer><|eos|>");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), require_special(tokenizer, "<think>")), 1);
  // The prompt's ids are those it has alone: what reinforcement learning will ask with.
  const std::vector<std::int32_t> prompt = tokenizer.encode("User: 1+1=?\nAssistant: ");
  EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), ids.begin()));
  std::vector<std::int32_t> last(static_cast<std::size_t>(shard.document_size(20)));
  shard.copy_tokens(shard.document_begin(20), last);
  EXPECT_EQ(tokenizer.decode(last), "raw text<|eos|>");
  EXPECT_EQ(metrics[2].first, "tokens");
  EXPECT_EQ(metrics[2].second, static_cast<double>(shard.num_tokens()));
}

TEST_F(TokenizerStageTest, PromptsCanBeLeftOutOfTheLoss) {
  config_.loss_on_prompts = false;
  run();
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(run_ / "tokenizer" / "tokenizer.json");
  const data::TokenShard shard(run_ / "tokenizer" / "corpus.tokens");
  const auto prompt = static_cast<std::int64_t>(tokenizer.encode("User: 1+1=?\nAssistant: ").size());
  for (std::int64_t i = 0; i < shard.document_size(0); ++i) EXPECT_EQ(shard.is_target(i), i >= prompt) << i;
}

TEST_F(TokenizerStageTest, BytesPerTokenLeavesOutEndsOfSequence) {
  const Metrics metrics = run();
  const double bytes = 20 * (23 + 38) + 8;
  EXPECT_EQ(metrics[4].first, "bytes_per_token");
  EXPECT_DOUBLE_EQ(metrics[4].second, bytes / (metrics[2].second - 21));
}

TEST_F(TokenizerStageTest, AMissingSpecialTokenIsNamed) {
  config_.special_tokens = {"<|bos|>", "<|eos|>"};
  try {
    run();
    FAIL();
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("<|pad|>"));
  }
}

}  // namespace
}  // namespace r1::pipeline
