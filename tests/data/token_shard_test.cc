// Token shards: round trip in both widths, masks, and files that are cut, altered or lie.
#include "r1/data/token_shard.h"

#include <gmock/gmock.h>

#include <cstring>

#include "r1/core/hash.h"
#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Ids = std::vector<std::int32_t>;

Ids tokens_of(const TokenShard& shard, std::int64_t document) {
  Ids ids(static_cast<std::size_t>(shard.document_size(document)));
  shard.copy_tokens(shard.document_begin(document), ids);
  return ids;
}

// After an edit: makes both hashes right again, so that the checks behind them are reached.
void reseal(std::string& bytes) {
  bytes.replace(40, 32, core::hash_hex(std::string_view(bytes).substr(80)));
  const std::uint64_t header = core::hash64(std::string_view(bytes).substr(0, 72));
  std::memcpy(bytes.data() + 72, &header, 8);
}

class TokenShardTest : public TempFolder {
 protected:
  std::string example(std::int64_t vocab_size = 1000) {
    TokenShardWriter writer(vocab_size, 1);
    writer.add(Ids{5, 6, 7}, std::vector<std::uint8_t>{0, 0, 1});
    writer.add(Ids{});
    writer.add(Ids{999, 8});
    writer.write(folder_ / "a.bin");
    return core::read_file(folder_ / "a.bin");
  }
  std::string message(const std::string& bytes) {
    return user_error_of([&] { TokenShard shard(write("bad.bin", bytes)); });
  }
};

TEST_F(TokenShardTest, RoundTripInBothWidths) {
  for (const std::int64_t vocab_size :
       {std::int64_t{1000}, std::int64_t{65536}, std::int64_t{65537}, std::int64_t{129280}}) {
    const std::string bytes = example(vocab_size);
    const TokenShard shard(folder_ / "a.bin");
    EXPECT_EQ(shard.num_documents(), 3);
    EXPECT_EQ(shard.num_tokens(), 8);
    EXPECT_EQ(shard.vocab_size(), vocab_size);
    EXPECT_THAT(tokens_of(shard, 0), ElementsAre(5, 6, 7, 1));
    EXPECT_THAT(tokens_of(shard, 1), ElementsAre(1));
    EXPECT_THAT(tokens_of(shard, 2), ElementsAre(999, 8, 1));
    EXPECT_TRUE(shard.has_mask());
    std::vector<bool> targets;
    for (std::int64_t t = 0; t < 8; ++t) targets.push_back(shard.is_target(t));
    EXPECT_THAT(targets, ElementsAre(false, false, true, true, true, true, true, true));
    EXPECT_EQ(bytes.size(), 80u + (vocab_size <= 65536 ? 16u : 32u) + 4 * 8 + 1);
  }
}

TEST_F(TokenShardTest, LargestIdsOfEachWidthSurvive) {
  for (const std::int64_t vocab_size : {std::int64_t{65536}, std::int64_t{2147483647}}) {
    TokenShardWriter writer(vocab_size, std::nullopt);
    writer.add(Ids{static_cast<std::int32_t>(vocab_size - 1), 0});
    writer.write(folder_ / "b.bin");
    const TokenShard shard(folder_ / "b.bin");
    EXPECT_THAT(tokens_of(shard, 0), ElementsAre(vocab_size - 1, 0));
    EXPECT_FALSE(shard.has_mask());
    EXPECT_TRUE(shard.is_target(0));
  }
}

TEST_F(TokenShardTest, SameDocumentsGiveTheSameBytesAndAnEmptyShardIsFine) {
  EXPECT_EQ(example(), example());
  TokenShardWriter(10, std::nullopt).write(folder_ / "empty.bin");
  const TokenShard shard(folder_ / "empty.bin");
  EXPECT_EQ(shard.num_documents(), 0);
  EXPECT_EQ(shard.num_tokens(), 0);
}

TEST_F(TokenShardTest, WriterRefusesWhatItCannotHold) {
  TokenShardWriter writer(10, std::nullopt);
  EXPECT_THROW(writer.add(Ids{10}), Error);
  EXPECT_THROW(writer.add(Ids{-1}), Error);
  EXPECT_THROW(writer.add(Ids{}), Error);
  EXPECT_THROW(writer.add(Ids{1, 2}, std::vector<std::uint8_t>{1}), Error);
  EXPECT_EQ(writer.num_tokens(), 0);  // a refused document leaves nothing behind
  EXPECT_THROW(TokenShardWriter(10, 10), Error);
  EXPECT_THROW(TokenShardWriter(0, std::nullopt), Error);
}

TEST_F(TokenShardTest, EveryTruncationAndAddedByteIsAnError) {
  const std::string bytes = example();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THAT(message(bytes.substr(0, size)), HasSubstr("bad.bin: ")) << size;
  EXPECT_THAT(message(bytes.substr(0, bytes.size() - 1)), HasSubstr("truncated?"));
  EXPECT_THAT(message(bytes + "x"), HasSubstr("damaged token shard"));
}

TEST_F(TokenShardTest, EveryChangedByteIsAnError) {
  const std::string bytes = example();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_THAT(message(changed), HasSubstr("token shard")) << at;
  }
}

TEST_F(TokenShardTest, LyingHeadersWithRightHashesAreErrors) {
  const auto lie = [&](std::size_t at, std::uint64_t value, std::size_t size) {
    std::string bytes = example();
    std::memcpy(bytes.data() + at, &value, size);
    reseal(bytes);
    return message(bytes);
  };
  EXPECT_THAT(lie(8, 2, 4), HasSubstr("version 2"));
  EXPECT_THAT(lie(12, 3, 4), HasSubstr("nonsense"));               // bytes per token
  EXPECT_THAT(lie(16, ~0ULL / 2, 8), HasSubstr("nonsense"));       // tokens: would overflow
  EXPECT_THAT(lie(16, 9, 8), HasSubstr("its header says"));        // tokens
  EXPECT_THAT(lie(24, ~0ULL, 8), HasSubstr("nonsense"));           // documents
  EXPECT_THAT(lie(32, 999, 4), HasSubstr("id 999 outside"));       // vocabulary
  EXPECT_THAT(lie(36, 2, 4), HasSubstr("nonsense"));               // mask flag
  EXPECT_THAT(lie(80 + 16, 1, 8), HasSubstr("offsets"));           // first offset
  EXPECT_THAT(lie(80 + 16 + 8, 5, 8), HasSubstr("offsets"));       // an empty document
  EXPECT_THAT(lie(80 + 16 + 16, ~0ULL, 8), HasSubstr("offsets"));  // descending
}

TEST_F(TokenShardTest, OtherFilesAreRefused) {
  EXPECT_THAT(message(std::string(500, 'x')), HasSubstr("does not begin with R1TOKENS"));
  EXPECT_THAT(user_error_of([&] { TokenShard shard(folder_ / "none.bin"); }), HasSubstr("none.bin: cannot be opened"));
  EXPECT_THAT(user_error_of([&] { TokenShard shard(folder_); }), HasSubstr("no token shard"));
}

TEST_F(TokenShardTest, MovesAndBounds) {
  example();
  TokenShard first(folder_ / "a.bin");
  TokenShard second(std::move(first));
  EXPECT_EQ(first.num_documents(), 0);
  first = std::move(second);
  EXPECT_THAT(tokens_of(first, 2), ElementsAre(999, 8, 1));
  Ids out(3);
  EXPECT_THROW(first.copy_tokens(6, out), Error);
  EXPECT_THROW(first.is_target(8), Error);
  EXPECT_THROW(first.document_begin(4), Error);
}

}  // namespace
}  // namespace r1::data
