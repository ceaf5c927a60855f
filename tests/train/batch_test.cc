// Targets, next tokens and MTP targets of packed rows, by hand.
#include "r1/train/batch.h"

#include <gtest/gtest.h>

namespace r1::train {
namespace {

std::vector<std::int64_t> values(const at::Tensor& t) {
  const at::Tensor wide = t.to(at::kLong);
  return {wide.const_data_ptr<std::int64_t>(), wide.const_data_ptr<std::int64_t>() + wide.numel()};
}

TEST(MakeBatch, TargetsStayInsideTheirDocument) {
  constexpr std::int32_t kNone = data::kIgnoredLabel;
  // Row 0: document 10 11 12 13 (prompt 10 11 masked), document 20 21; row 1: document 30, padding.
  data::PackedBatch p;
  p.num_rows = 2;
  p.row_length = 6;
  p.ids = {10, 11, 12, 13, 20, 21, 30, 31, 32, 2, 2, 2};
  p.positions = {0, 1, 2, 3, 0, 1, 0, 1, 2, 0, 0, 0};
  p.sequence_start = {0, 0, 0, 0, 4, 4, 6, 6, 6, 9, 10, 11};
  p.labels = {kNone, 12, 13, kNone, 21, kNone, 31, 32, kNone, kNone, kNone, kNone};
  const Batch all = make_batch(p, 0, 2);
  EXPECT_EQ(values(all.targets), (std::vector<std::int64_t>{-1, 12, 13, -1, 21, -1, 31, 32, -1, -1, -1, -1}));
  EXPECT_EQ(values(all.next_ids), (std::vector<std::int64_t>{11, 12, 13, 13, 21, 21, 31, 32, 32, 2, 2, 2}));
  EXPECT_EQ(values(all.mtp_targets), (std::vector<std::int64_t>{12, 13, -1, -1, -1, -1, 32, -1, -1, -1, -1, -1}));
  const Batch second = make_batch(p, 1, 1);
  EXPECT_EQ(values(second.input.ranges.begin), (std::vector<std::int64_t>{0, 0, 0, 3, 4, 5}));
  EXPECT_EQ(values(second.input.ranges.end), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(values(second.input.positions), (std::vector<std::int64_t>{0, 1, 2, 0, 0, 0}));
}

}  // namespace
}  // namespace r1::train
