// Packing: every token once, rows never overfull, labels and attention bounds of the flat batch.
#include "r1/data/packing.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "r1/core/rng.h"
#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::ElementsAre;

std::vector<std::vector<std::int64_t>> sizes_of(const std::vector<PackedRow>& rows) {
  std::vector<std::vector<std::int64_t>> sizes;
  for (const PackedRow& row : rows) {
    sizes.emplace_back();
    for (const Piece& piece : row) sizes.back().push_back(piece.size);
  }
  return sizes;
}

std::vector<Piece> documents_of(const std::vector<std::int64_t>& sizes) {
  std::vector<Piece> documents;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    documents.push_back({begin, size});
    begin += size;
  }
  return documents;
}

TEST(PackingTest, EachPieceGoesToTheTightestRow) {
  const auto rows = pack_best_fit(documents_of({3, 6, 7, 4, 2}), 10);
  EXPECT_THAT(sizes_of(rows), ElementsAre(ElementsAre(7, 3), ElementsAre(6, 4), ElementsAre(2)));
  EXPECT_EQ(rows[0][1].begin, 0);  // the document of 3
  EXPECT_THAT(sizes_of(pack_best_fit(documents_of({5, 8, 2}), 10)), ElementsAre(ElementsAre(8, 2), ElementsAre(5)));
}

TEST(PackingTest, LongDocumentsAreCut) {
  const auto rows = pack_best_fit(documents_of({9, 1}), 4);
  EXPECT_THAT(sizes_of(rows), ElementsAre(ElementsAre(4), ElementsAre(4), ElementsAre(1, 1)));
  EXPECT_EQ(rows[1][0].begin, 4);
  EXPECT_EQ(rows[2][0].begin, 8);
  EXPECT_EQ(rows[2][1].begin, 9);
  EXPECT_TRUE(pack_best_fit({}, 4).empty());
}

TEST(PackingTest, EveryTokenIsPackedOnceAndRowsFillUp) {
  core::Rng rng({.seed = 5});
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < 3000; ++i) sizes.push_back(rng.between(1, 90));
  sizes.push_back(1000);
  const auto rows = pack_best_fit(documents_of(sizes), 64);
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  std::vector<int> seen(static_cast<std::size_t>(total));
  for (const PackedRow& row : rows) {
    std::int64_t used = 0;
    for (const Piece& piece : row) {
      used += piece.size;
      for (std::int64_t t = 0; t < piece.size; ++t) ++seen[static_cast<std::size_t>(piece.begin + t)];
    }
    EXPECT_LE(used, 64);
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), total);
  EXPECT_GT(static_cast<double>(total) / static_cast<double>(rows.size() * 64), 0.98);
}

class BatchTest : public TempFolder {};

TEST_F(BatchTest, FlatBatchOfTwoRows) {
  TokenShardWriter writer(100, 1);
  writer.add(std::vector<std::int32_t>{10, 11, 12}, std::vector<std::uint8_t>{0, 0, 1});  // prompt of two tokens
  writer.add(std::vector<std::int32_t>{20});
  writer.add(std::vector<std::int32_t>{30, 31});
  writer.write(folder_ / "s.bin");
  const TokenShard shard(folder_ / "s.bin");
  const std::vector<PackedRow> rows = {{{0, 4}, {4, 2}}, {{6, 3}}};
  const PackedBatch batch = assemble_batch(shard, rows, 6, 2);
  EXPECT_EQ(batch.num_rows, 2);
  EXPECT_EQ(batch.row_length, 6);
  EXPECT_THAT(batch.ids, ElementsAre(10, 11, 12, 1, 20, 1, 30, 31, 1, 2, 2, 2));
  EXPECT_THAT(batch.positions, ElementsAre(0, 1, 2, 3, 0, 1, 0, 1, 2, 0, 0, 0));
  EXPECT_THAT(batch.sequence_start, ElementsAre(0, 0, 0, 0, 4, 4, 6, 6, 6, 9, 10, 11));
  EXPECT_THAT(batch.labels, ElementsAre(-100, 12, 1, -100, 1, -100, 31, 1, -100, -100, -100, -100));
  EXPECT_EQ(batch.num_tokens, 9);
  EXPECT_EQ(batch.num_targets, 5);
  EXPECT_DOUBLE_EQ(batch.fill_rate(), 0.75);
}

TEST_F(BatchTest, OverfullRowsAndHugeBatchesAreErrors) {
  TokenShardWriter writer(100, std::nullopt);
  writer.add(std::vector<std::int32_t>{1, 2, 3});
  writer.write(folder_ / "s.bin");
  const TokenShard shard(folder_ / "s.bin");
  const std::vector<PackedRow> rows = {{{0, 3}}, {}};
  EXPECT_THROW(assemble_batch(shard, rows, 2, 0), Error);
  EXPECT_THROW(assemble_batch(shard, rows, std::int64_t{1} << 30, 0), Error);
  EXPECT_EQ(assemble_batch(shard, {}, 8, 0).fill_rate(), 0.0);
}

}  // namespace
}  // namespace r1::data
