// Block-scaled FP8 against plain arithmetic element by element, with smaller last blocks and several block shapes; what
// is refused; what was not asked for.
#include "r1/weights/checkpoint_tensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/weights/reader_test.h"

namespace r1::weights {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// FP8 numbers of both signs and all sizes, none the same as its neighbours.
at::Tensor fp8_matrix(std::int64_t rows, std::int64_t columns) {
  return at::arange(rows * columns, at::kFloat)
      .mul(0.37)
      .remainder(17.0)
      .sub(8.5)
      .reshape({rows, columns})
      .to(at::kFloat8_e4m3fn);
}

at::Tensor block_scales(std::int64_t rows, std::int64_t columns) {
  return at::arange(rows * columns, at::kFloat).add(1.0).mul(0.0137).reshape({rows, columns});
}

struct Shape {
  std::int64_t rows, columns, block_rows, block_columns, scale_rows, scale_columns;
};

class Fp8 : public ::testing::TestWithParam<Shape> {};

TEST_P(Fp8, EveryElementIsTimesTheScaleOfItsBlock) {
  const Shape s = GetParam();
  const at::Tensor weight = fp8_matrix(s.rows, s.columns), scales = block_scales(s.scale_rows, s.scale_columns);
  const at::Tensor out = dequantize_fp8("w", weight, scales, {s.block_rows, s.block_columns});
  const at::Tensor plain = weight.to(at::kFloat);
  const float *got = out.const_data_ptr<float>(), *from = plain.const_data_ptr<float>();
  const float* scale = scales.const_data_ptr<float>();
  for (std::int64_t r = 0; r < s.rows; ++r)
    for (std::int64_t c = 0; c < s.columns; ++c) {
      const float want = from[r * s.columns + c] * scale[r / s.block_rows * s.scale_columns + c / s.block_columns];
      ASSERT_EQ(got[r * s.columns + c], want) << r << ", " << c;
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Fp8,
                         ::testing::Values(Shape{256, 128, 128, 128, 2, 1},  // whole blocks
                                           Shape{129, 300, 128, 128, 2, 3},  // smaller last blocks, as kv_a_proj's
                                           Shape{5, 7, 128, 128, 1, 1},  // smaller than a block
                                           Shape{9, 10, 2, 4, 5, 3},  // blocks that are not square
                                           Shape{3, 2, 1, std::int64_t{1} << 62, 3, 1}));

class CheckpointTensorsTest : public ReaderTest<SafetensorsReader> {
 protected:
  /// What reading `name` into a 3x5 of `dtype` says.
  std::string complaint_of(const NamedTensors& tensors, const std::string& name, const Fp8Blocks& blocks) const {
    write_safetensors(folder_ / "model.safetensors", tensors);
    const SafetensorsReader reader(folder_);
    try {
      CheckpointTensors(reader, blocks).copy_to(at::zeros({3, 5}, at::kFloat), name);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
};

TEST_F(CheckpointTensorsTest, RoundsTheProductOnceToTheModelsType) {
  const at::Tensor weight = fp8_matrix(3, 5), scales = block_scales(2, 3);
  write_safetensors(folder_ / "model.safetensors", {{"w", weight},
                                                    {"w_scale_inv", scales},
                                                    {"coarse", weight},
                                                    {"coarse_scale_inv", scales.to(at::kBFloat16)},
                                                    {"norm", weight.to(at::kBFloat16)},
                                                    {"extra.b", scales},
                                                    {"extra.a", scales}});
  const SafetensorsReader reader(folder_);
  CheckpointTensors tensors(reader, {2, 2});
  const at::Tensor product = dequantize_fp8("w", weight, scales, {2, 2});
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    const at::Tensor out = at::empty({3, 5}, type);
    tensors.copy_to(out, "w");
    EXPECT_TRUE(out.equal(product.to(type)));
    tensors.copy_to(out, "norm");
    EXPECT_TRUE(out.equal(weight.to(at::kBFloat16).to(type)));
  }
  const at::Tensor coarse = at::empty({3, 5}, at::kFloat);
  tensors.copy_to(coarse, "coarse");
  EXPECT_TRUE(coarse.equal(dequantize_fp8("w", weight, scales.to(at::kBFloat16).to(at::kFloat), {2, 2})));
  EXPECT_THAT(tensors.unread(), ElementsAre("extra.a", "extra.b"));
}

TEST_F(CheckpointTensorsTest, WhatDoesNotFitIsOneClearLine) {
  const at::Tensor weight = fp8_matrix(3, 5);
  const auto with = [&](const at::Tensor& scales) { return NamedTensors{{"w", weight}, {"w_scale_inv", scales}}; };
  EXPECT_EQ(complaint_of(with(block_scales(2, 2)), "w", {2, 4}), "accepted");
  EXPECT_THAT(complaint_of({{"w", weight}}, "w", {2, 4}), HasSubstr("its scales 'w_scale_inv' are missing"));
  EXPECT_THAT(complaint_of(with(block_scales(2, 1)), "w", {2, 4}),
              AllOf(HasSubstr("'w_scale_inv' has shape 2x1"), HasSubstr("need 2x2")));
  EXPECT_THAT(complaint_of(with(block_scales(2, 2).to(at::kLong)), "w", {2, 4}), HasSubstr("floating-point"));
  EXPECT_THAT(complaint_of(with(block_scales(2, 2)), "w", {}), HasSubstr("no quantization_config"));
  EXPECT_THAT(complaint_of(with(block_scales(2, 2)), "v", {}), HasSubstr("holds no tensor 'v'"));
  EXPECT_THAT(complaint_of({{"w", weight.narrow(0, 0, 2)}}, "w", {}), HasSubstr("has shape 2x5"));
  EXPECT_THAT(complaint_of({{"w", weight.to(at::kFloat).to(at::kInt)}}, "w", {}), HasSubstr("is I32"));
  const at::Tensor cube = weight.reshape({3, 5, 1});
  try {
    dequantize_fp8("w", cube, block_scales(2, 2), {2, 4});
    FAIL() << "3 dimensions went through";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("3 dimensions"));
  }
}

}  // namespace
}  // namespace r1::weights
