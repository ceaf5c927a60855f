// Unstacking by numbered names, against a tensor whose every element says where it belongs.
#include "r1/weights/name_map.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"

namespace r1::weights {
namespace {

TEST(NameMap, NumbersAPattern) {
  EXPECT_EQ(numbered_name("experts.{}.up.weight", 12), "experts.12.up.weight");
  EXPECT_EQ(numbered_name("{}", 0), "0");
  EXPECT_THROW(numbered_name("experts.0", 1), Error);
  EXPECT_THROW(numbered_name("{}.{}", 1), Error);
}

TEST(NameMap, UnstackedTensorsAreViewsInOrder) {
  const at::Tensor stacked = at::arange(11 * 6, at::kFloat).reshape({11, 2, 3});
  NamedTensors tensors = {{"e.0.down", at::zeros({1}, at::kFloat)}};
  append_unstacked(tensors, "e.{}.up", stacked);
  ASSERT_EQ(tensors.size(), 12u);
  EXPECT_EQ(tensors[11].first, "e.10.up");
  EXPECT_TRUE(at::equal(tensors[3].second, at::arange(12, 18, at::kFloat).reshape({2, 3})));
  tensors[3].second.zero_();  // number 2
  EXPECT_EQ(stacked.select(0, 2).abs().sum().item<float>(), 0.0f);
}

}  // namespace
}  // namespace r1::weights
