// The writer: byte for byte the reference's file, round trips, one tensor in memory at a time, and what it refuses
// without leaving anything behind.
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/weights/gguf.h"
#include "r1/weights/gguf_blocks.h"
#include "r1/weights/safetensors.h"
#include "tests/weights/gguf_golden.h"

namespace r1::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class GgufWriter : public ::testing::Test {
 protected:
  GgufWriter()
      : folder_(fs::path(R1_BINARY_DIR) / "gguf_writer_test" /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~GgufWriter() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / "x.gguf"; }
  at::Tensor round_trip(const at::Tensor& tensor, GgufType type, at::ScalarType dtype = at::kFloat) const {
    write_gguf(file(), {gguf_output("w", tensor, type)}, {});
    return GgufReader(file()).load("w", dtype);
  }
  /// What the user reads when that is written; nothing may be left behind then.
  std::string complaint(const at::Tensor& tensor, GgufType type) const {
    try {
      write_gguf(file(), {gguf_output("w", tensor, type)}, {});
    } catch (const UserError& e) {
      EXPECT_TRUE(fs::is_empty(folder_));
      return e.what();
    }
    return "accepted";
  }

  fs::path folder_;
};

at::Tensor noise(const std::vector<std::int64_t>& shape) {
  core::Rng rng({.seed = 3, .purpose = core::Purpose::Test});
  at::Tensor out = at::zeros(shape);
  float* values = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) values[i] = static_cast<float>(rng.normal());
  return out;
}

TEST_F(GgufWriter, WritesTheReferencesBytes) {
  const SafetensorsReader source(gguf_golden("source.safetensors"));
  const std::vector<std::tuple<std::string, std::string, GgufType>> tensors = {
      {"w.f32", "wide", GgufType::F32},     {"w.bf16", "wide", GgufType::BF16}, {"w.q8_0", "wide", GgufType::Q8_0},
      {"w.q4_0", "wide", GgufType::Q4_0},   {"n.f16", "narrow", GgufType::F16}, {"n.q8_0", "narrow", GgufType::Q8_0},
      {"v.q8_0", "vector", GgufType::Q8_0}, {"v.f16", "vector", GgufType::F16}, {"o.bf16", "odd", GgufType::BF16},
      {"o.q4_0", "odd", GgufType::Q4_0}};
  std::vector<GgufOutput> outputs;
  for (const auto& [name, key, type] : tensors) outputs.push_back(gguf_output(name, source.load(key), type));
  write_gguf(file(), outputs, gguf_golden_metadata());
  const std::string actual = core::read_file(file());
  const std::string expected = core::read_file(gguf_golden("written.gguf"));
  const auto differ = std::ranges::mismatch(actual, expected);
  EXPECT_TRUE(actual == expected) << "first difference at byte " << differ.in1 - actual.begin() << " of "
                                  << expected.size() << "; " << actual.size() << " written";
}

TEST_F(GgufWriter, PlainTypesComeBackExactly) {
  const at::Tensor values = noise({3, 2, 5, 4});
  EXPECT_TRUE(at::equal(round_trip(values, GgufType::F32), values));
  EXPECT_TRUE(at::equal(round_trip(values, GgufType::BF16, at::kBFloat16), values.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(round_trip(values, GgufType::F16, at::kHalf), values.to(at::kHalf)));
  EXPECT_TRUE(at::equal(round_trip(values.to(at::kDouble), GgufType::F32), values));
  EXPECT_TRUE(at::equal(round_trip(values.to(at::kBFloat16), GgufType::F32, at::kBFloat16), values.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(round_trip(values.transpose(0, 3), GgufType::F32), values.transpose(0, 3)));
  const at::Tensor odd = at::tensor({std::numeric_limits<float>::infinity(), 65504.0F, 1e-45F, -0.0F}).reshape({2, 2});
  EXPECT_TRUE(at::equal(round_trip(odd, GgufType::F32), odd));
  EXPECT_TRUE(at::equal(round_trip(odd, GgufType::F16, at::kHalf), odd.to(at::kHalf)));
}

TEST_F(GgufWriter, QuantisedTypesComeBackWithinHalfAStep) {
  const at::Tensor values = noise({5, 96});
  const auto worst = [&](GgufType type) { return round_trip(values, type).sub(values).abs().max().item<double>(); };
  const double largest = values.abs().max().item<double>();
  EXPECT_LT(worst(GgufType::Q8_0), 1.01 * largest / 127 / 2);
  EXPECT_GT(worst(GgufType::Q8_0), 0.3 * largest / 127 / 2);
  EXPECT_LT(worst(GgufType::Q4_0), 1.01 * largest / 8);  // a full step at the end of the range that has no code
  EXPECT_TRUE(at::equal(round_trip(at::zeros({2, 32}), GgufType::Q4_0), at::zeros({2, 32})));
}

TEST_F(GgufWriter, LargeTensorsAreWrittenInPieces) {
  const at::Tensor values = noise({1100, 32}).repeat({1, 33});  // more than one piece of 2^20 elements
  const at::Tensor loaded = round_trip(values, GgufType::Q8_0);
  const at::Tensor small = round_trip(values.narrow(1, 0, 32).contiguous(), GgufType::Q8_0);
  EXPECT_TRUE(at::equal(loaded, small.repeat({1, 33})));
}

TEST_F(GgufWriter, LoadsOneTensorAtATimeInOrder) {
  std::vector<int> order;
  std::vector<GgufOutput> outputs;
  for (int i = 0; i < 3; ++i) {
    outputs.push_back({.name = std::to_string(9 - i), .shape = {2}, .type = GgufType::F32, .load = [&order, i] {
                         order.push_back(i);
                         return at::full({2}, static_cast<float>(i));
                       }});
  }
  write_gguf(file(), outputs, {});
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  const GgufReader reader(file());
  EXPECT_TRUE(at::equal(reader.load("7"), at::full({2}, 2.0F)));
  EXPECT_LT(reader.info("9").begin, reader.info("7").begin);
  EXPECT_EQ(fs::file_size(file()) % kGgufDefaultAlignment, 0u);
}

TEST_F(GgufWriter, TellsTheUserWhatATypeCannotHold) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto with = [](float value) {
    at::Tensor out = at::full({2, 32}, 0.5F);
    out[1][31] = value;
    return out;
  };
  for (const GgufType type : {GgufType::Q8_0, GgufType::Q4_0}) {
    for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 1e7F}) {
      EXPECT_THAT(complaint(with(bad), type),
                  AllOf(HasSubstr("x.gguf: tensor 'w' holds a value that Q"), HasSubstr("write it as F32")));
    }
  }
  EXPECT_THAT(complaint(with(1e5F), GgufType::F16), HasSubstr("a value that F16 can't hold"));
  EXPECT_THAT(complaint(with(infinity), GgufType::F16), "accepted");
}

TEST_F(GgufWriter, RefusesWhatTheFormatHasNoPlaceFor) {
  const at::Tensor w = at::zeros({2, 2});
  const auto write = [&](const std::vector<GgufOutput>& outputs, const GgufMetadata& metadata = GgufMetadata()) {
    write_gguf(file(), outputs, metadata);
  };
  EXPECT_THROW(write({gguf_output("w", w, GgufType::F32), gguf_output("w", w, GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("", w, GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output(std::string(64, 'n'), w, GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("w", at::zeros({}), GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("w", at::zeros({2, 0}), GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("w", at::zeros({1, 1, 1, 1, 1}), GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("w", w, GgufType::Q4_K)}), Error);
  EXPECT_THROW(write({gguf_output("w", at::Tensor(), GgufType::F32)}), Error);
  EXPECT_THROW(write({gguf_output("w", w.to(at::kLong), GgufType::F32)}), Error);
  EXPECT_THROW(write({{.name = "w", .shape = {4}, .type = GgufType::F32, .load = [] { return at::zeros({2, 2}); }}}),
               Error);
  GgufMetadata odd;
  odd.set("general.alignment", std::uint32_t{24});
  EXPECT_THROW(write({}, odd), Error);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(GgufWriter, KeepsTheOldFileWhenWritingFails) {
  write_gguf(file(), {gguf_output("w", at::zeros({2}), GgufType::F32)}, {});
  const std::string before = core::read_file(file());
  const GgufOutput failing{
      .name = "v", .shape = {2}, .type = GgufType::F32, .load = []() -> at::Tensor { user_error("no source"); }};
  EXPECT_THROW(write_gguf(file(), {gguf_output("w", at::zeros({9}), GgufType::F32), failing}, {}), UserError);
  EXPECT_EQ(core::read_file(file()), before);
  EXPECT_FALSE(fs::exists(folder_ / "x.gguf.partial"));
}

TEST_F(GgufWriter, WritesOverWhatAKilledRunLeft) {
  core::write_file_atomic(folder_ / "x.gguf.partial", std::string(1000, 'x'));
  EXPECT_TRUE(at::equal(round_trip(at::full({3}, 2.0F), GgufType::F32), at::full({3}, 2.0F)));
  EXPECT_FALSE(fs::exists(folder_ / "x.gguf.partial"));
}

TEST(GgufBlocks, KnowWhichWayATypeGoes) {
  for (const GgufType type : {GgufType::Q8_0, GgufType::Q4_0}) {
    EXPECT_TRUE(can_quantize_gguf(type));
    EXPECT_TRUE(can_dequantize_gguf(type));
  }
  EXPECT_FALSE(can_quantize_gguf(GgufType::Q4_K));
  EXPECT_TRUE(can_dequantize_gguf(GgufType::Q4_K));
  EXPECT_FALSE(can_dequantize_gguf(GgufType::IQ2_XS));
  EXPECT_THROW(dequantize_gguf(GgufType::IQ2_XS, nullptr, 0, nullptr), Error);
  EXPECT_THROW(quantize_gguf(GgufType::Q5_0, nullptr, 0, nullptr), Error);
}

}  // namespace
}  // namespace r1::weights
