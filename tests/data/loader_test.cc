// PackedLoader: each document once an epoch, other orders in other epochs, and resume at any batch bit for bit.
#include "r1/data/loader.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;

constexpr std::int32_t kPad = 0;

bool operator==(const PackedBatch& a, const PackedBatch& b) {
  return a.ids == b.ids && a.positions == b.positions && a.sequence_start == b.sequence_start && a.labels == b.labels;
}

class LoaderTest : public TempFolder {
 protected:
  // Document d is d % 13 + 1 times the token d + 2, then eos 1.
  TokenShard shard_of(std::int32_t num_documents) {
    TokenShardWriter writer(1000, 1);
    for (std::int32_t d = 0; d < num_documents; ++d)
      writer.add(std::vector<std::int32_t>(static_cast<std::size_t>(d % 13 + 1), d + 2));
    writer.write(folder_ / "s.bin");
    return TokenShard(folder_ / "s.bin");
  }
  static LoaderConfig config() { return {.rows_per_batch = 3, .row_length = 10, .seed = 4, .window = 32}; }
};

TEST_F(LoaderTest, AnEpochHoldsEveryTokenOnce) {
  const TokenShard shard = shard_of(100);
  LoaderConfig one_row = config();
  one_row.rows_per_batch = 1;
  PackedLoader loader(shard, one_row, kPad);
  const std::int64_t rows = loader.rows_in_epoch();
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::map<std::int32_t, std::int64_t> counts;
    for (std::int64_t row = 0; row < rows && loader.cursor().epoch == epoch; ++row)
      for (const std::int32_t id : loader.next().ids) ++counts[id];
    EXPECT_EQ(loader.cursor().epoch, epoch + 1);
    for (std::int32_t d = 0; d < 100; ++d) EXPECT_EQ(counts[d + 2], d % 13 + 1) << d;
    EXPECT_EQ(counts[1], 100);
    EXPECT_EQ(loader.cursor().row + loader.cursor().window, 0);
  }
}

TEST_F(LoaderTest, ResumesBitForBitAtEveryBatch) {
  const TokenShard shard = shard_of(100);
  PackedLoader straight(shard, config(), kPad);
  std::vector<PackedBatch> batches;
  std::vector<std::string> cursors;
  for (int i = 0; i < 90; ++i) {
    cursors.push_back(to_json(straight.cursor()));
    batches.push_back(straight.next());
  }
  EXPECT_GE(straight.cursor().epoch, 2);
  for (std::size_t cut = 0; cut < batches.size(); cut += 7) {
    const TokenShard again(folder_ / "s.bin");  // as after a kill: everything anew
    PackedLoader resumed(again, config(), kPad);
    resumed.seek(cursor_from_json(cursors[cut]));
    for (std::size_t i = cut; i < std::min(cut + 40, batches.size()); ++i)
      ASSERT_TRUE(resumed.next() == batches[i]) << "cut at " << cut << ", batch " << i;
  }
}

TEST_F(LoaderTest, SeedAndEpochChangeTheOrder) {
  const TokenShard shard = shard_of(100);
  LoaderConfig other = config();
  other.seed = 5;
  PackedLoader a(shard, config(), kPad);
  PackedLoader b(shard, config(), kPad);
  PackedLoader c(shard, other, kPad);
  const PackedBatch first = a.next();
  EXPECT_TRUE(first == b.next());
  EXPECT_FALSE(first == c.next());
  LoaderCursor second_epoch = a.cursor();
  second_epoch = {.epoch = 1, .window = 0, .row = 0, .stream = second_epoch.stream};
  a.seek(second_epoch);
  EXPECT_FALSE(first == a.next());
}

TEST_F(LoaderTest, RowsDoNotDependOnTheBatchSize) {
  const TokenShard shard = shard_of(60);
  LoaderConfig wide = config();
  wide.rows_per_batch = 6;
  PackedLoader narrow(shard, config(), kPad);
  PackedLoader broad(shard, wide, kPad);
  std::vector<std::int32_t> ids = narrow.next().ids;
  const PackedBatch second = narrow.next();
  ids.insert(ids.end(), second.ids.begin(), second.ids.end());
  EXPECT_EQ(ids, broad.next().ids);
  narrow.seek(broad.cursor());
  EXPECT_EQ(narrow.cursor(), broad.cursor());
}

TEST_F(LoaderTest, ABatchLargerThanAnEpochGoesOn) {
  const TokenShard shard = shard_of(2);
  PackedLoader loader(shard, config(), kPad);
  EXPECT_EQ(loader.rows_in_epoch(), 1);  // 2 + 3 tokens
  const PackedBatch batch = loader.next();
  EXPECT_EQ(batch.num_tokens, 15);
  EXPECT_EQ(loader.cursor().epoch, 3);
}

TEST_F(LoaderTest, CursorsOfOtherStreamsOrNowhereAreErrors) {
  const TokenShard shard = shard_of(100);
  PackedLoader loader(shard, config(), kPad);
  LoaderConfig other = config();
  other.row_length = 11;
  const PackedLoader changed(shard, other, kPad);
  EXPECT_THAT(user_error_of([&] { loader.seek(changed.cursor()); }), HasSubstr("belongs to other tokens"));
  for (const auto& [window, row] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 0}, {-1, 0}, {0, -1}, {0, 9999}}) {
    LoaderCursor cursor = loader.cursor();
    cursor.window = window;
    cursor.row = row;
    EXPECT_THAT(user_error_of([&] { loader.seek(cursor); }), HasSubstr("does not exist")) << window << " " << row;
  }
  PackedLoader fresh(shard, config(), kPad);
  EXPECT_TRUE(loader.next() == fresh.next());  // the refused cursors moved nothing
  EXPECT_THAT(user_error_of([&] { cursor_from_json("{\"epoch\":1}"); }), HasSubstr("\"window\" is missing"));
}

TEST_F(LoaderTest, BadSettingsAndEmptyShardsAreErrors) {
  const TokenShard shard = shard_of(3);
  LoaderConfig bad = config();
  bad.row_length = 0;
  EXPECT_THAT(user_error_of([&] { PackedLoader(shard, bad, kPad); }), HasSubstr("row_length: must lie between"));
  const TokenShard empty = shard_of(0);
  EXPECT_THAT(user_error_of([&] { PackedLoader(empty, config(), kPad); }), HasSubstr("no documents"));
}

}  // namespace
}  // namespace r1::data
