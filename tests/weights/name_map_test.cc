// Stacking and unstacking by numbered names, against tensors whose every element says where it belongs.
#include "r1/weights/name_map.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "r1/core/error.h"

namespace r1::weights {
namespace {

namespace fs = std::filesystem;

TEST(NameMap, NumbersAPattern) {
  EXPECT_EQ(numbered_name("experts.{}.up.weight", 12), "experts.12.up.weight");
  EXPECT_EQ(numbered_name("{}", 0), "0");
  EXPECT_THROW(numbered_name("experts.0", 1), Error);
  EXPECT_THROW(numbered_name("{}.{}", 1), Error);
}

TEST(NameMap, UnstackedTensorsStackBackToTheSame) {
  const fs::path file = fs::path(R1_BINARY_DIR) / "weights_test" / "name_map.safetensors";
  const at::Tensor stacked = at::arange(11 * 6, at::kFloat).reshape({11, 2, 3});  // 11: "10" sorts before "2"
  NamedTensors tensors = {{"e.0.down", at::zeros({1}, at::kFloat)}, {"e.1.down", at::zeros({2}, at::kFloat)}};
  append_unstacked(tensors, "e.{}.up", stacked);
  ASSERT_EQ(tensors.size(), 13u);
  EXPECT_EQ(tensors[12].first, "e.10.up");
  write_safetensors(file, tensors);
  const SafetensorsReader reader(file);
  EXPECT_TRUE(at::equal(load_stacked(reader, "e.{}.up", 11), stacked));
  EXPECT_TRUE(at::equal(reader.load("e.2.up"), stacked.select(0, 2)));
  EXPECT_THROW(load_stacked(reader, "e.{}.up", 12), UserError);    // number 11 is missing
  EXPECT_THROW(load_stacked(reader, "e.{}.down", 2), UserError);  // another shape
  fs::remove(file);
}

}  // namespace
}  // namespace r1::weights
