// The reader on real files: every type bit by bit against the reference's dequantiser (tests/golden/gguf), dtypes,
// views, files in parts, what is missing, and the list for `r1 inspect`.
#include "r1/weights/gguf.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/weights/gguf_blocks.h"
#include "r1/weights/list_tensors.h"
#include "r1/weights/safetensors.h"
#include "tests/weights/gguf_golden.h"
#include "tests/weights/reader_test.h"

namespace r1::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gguf : public ReaderTest<GgufReader> {
 protected:
  fs::path file(const std::string& name = "x.gguf") const { return folder_ / name; }
  /// Writes one part of a file in parts, with one tensor called `tensor`.
  void write_part(const std::string& name, std::uint16_t number, std::uint16_t count, const std::string& tensor) const {
    GgufMetadata metadata;
    metadata.set("split.no", number);
    metadata.set("split.count", count);
    write_gguf(file(name), {gguf_output(tensor, at::tensor({static_cast<float>(number)}), GgufType::F32)}, metadata);
  }
};

/// Same bits; a NaN equals any NaN, whose sign is the processor's choice.
void expect_same_bits(const at::Tensor& actual, const at::Tensor& expected, const std::string& what) {
  ASSERT_EQ(actual.scalar_type(), at::kFloat) << what;
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  const float* a = actual.const_data_ptr<float>();
  const float* b = expected.const_data_ptr<float>();
  for (std::int64_t i = 0; i < actual.numel(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a[i]), std::bit_cast<std::uint32_t>(b[i])) << what << " [" << i << "]";
  }
}

TEST_F(Gguf, ASliceIsTheWholesSlice) {
  const at::Tensor experts = at::arange(3 * 2 * 64).to(at::kFloat).view({3, 2, 64});
  for (const GgufType type : {GgufType::F32, GgufType::BF16, GgufType::Q8_0, GgufType::Q4_0}) {
    write_gguf(file(), {gguf_output("e", experts, type)}, {});
    const GgufReader reader(file());
    ASSERT_EQ(reader.info("e").type, type);
    for (const std::int64_t i : {2, 0, 1}) EXPECT_TRUE(at::equal(reader.load_slice("e", i), reader.load("e")[i]));
    EXPECT_EQ(reader.load_slice("e", 1, at::kHalf).scalar_type(), at::kHalf);
    for (const std::int64_t bad : {-1, 3}) EXPECT_THROW(reader.load_slice("e", bad), Error);
  }
}

TEST_F(Gguf, EveryTypeHasTheReferencesBits) {
  const GgufReader reader(gguf_golden("blocks.gguf"));
  const SafetensorsReader expected(gguf_golden("blocks.safetensors"));
  ASSERT_THAT(expected.names(),
              ElementsAre("BF16", "F16", "F32", "Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q5_1", "Q5_K", "Q6_K", "Q8_0"));
  for (const std::string& name : expected.names()) {
    EXPECT_EQ(gguf_type_info(reader.info(name).type).name, name);
    EXPECT_EQ(reader.info(name).shape, expected.info(name).shape);
    expect_same_bits(reader.load(name), expected.load(name), name);
  }
}

TEST_F(Gguf, Version2IsReadTheSame) {
  std::string bytes = core::read_file(gguf_golden("blocks.gguf"));
  ASSERT_EQ(bytes[4], '\3');
  bytes[4] = '\2';
  core::write_file_atomic(file(), bytes);
  expect_same_bits(GgufReader(file()).load("Q6_K"), GgufReader(gguf_golden("blocks.gguf")).load("Q6_K"), "Q6_K");
}

TEST_F(Gguf, MetadataOfEveryTypeComesBack) {
  const GgufReader reader(gguf_golden("written.gguf"));
  EXPECT_EQ(reader.metadata().entries(), gguf_golden_metadata().entries());
  EXPECT_EQ(GgufReader(gguf_golden("blocks.gguf")).metadata().integer("general.alignment"), 64);
}

TEST_F(Gguf, LoadsInTheWantedDtype) {
  const GgufReader reader(gguf_golden("blocks.gguf"));
  for (const std::string name : {"Q4_K", "F16", "F32"}) {
    for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf, at::kDouble}) {
      const at::Tensor loaded = reader.load(name, dtype);
      EXPECT_EQ(loaded.scalar_type(), dtype);
      expect_same_bits(loaded.to(at::kFloat), reader.load(name).to(dtype).to(at::kFloat), name);
    }
  }
  EXPECT_TRUE(at::equal(reader.load("I32"), at::tensor({1.0F, -2.0F, 3.0F}).reshape({1, 3})));
  EXPECT_THROW(reader.load("F32", at::kLong), Error);
}

TEST_F(Gguf, LargeTensorsAreDequantisedInPieces) {
  const std::int64_t rows = 2051;  // of 64: two pieces and a bit
  const std::vector<float> row = [] {
    std::vector<float> out;
    for (int i = 0; i < 64; ++i) out.push_back(static_cast<float>(i - 30));
    return out;
  }();
  at::Tensor values = at::zeros({rows, 64});
  for (std::int64_t i = 0; i < rows; ++i) values[i] = at::tensor(row).mul(static_cast<double>(i % 97 + 1));
  write_gguf(file(), {gguf_output("w", values, GgufType::Q8_0)}, {});
  const GgufReader reader(file());
  std::vector<std::uint8_t> block(34);
  std::vector<float> expected(32);
  const at::Tensor loaded = reader.load("w");
  for (const std::int64_t i : {0L, 1023L, 1024L, 1025L, 2047L, 2048L, 2050L}) {
    ASSERT_TRUE(quantize_gguf(GgufType::Q8_0, values[i].const_data_ptr<float>() + 32, 1, block.data()));
    dequantize_gguf(GgufType::Q8_0, block.data(), 1, expected.data());
    expect_same_bits(loaded[i].narrow(0, 32, 32), at::tensor(expected), std::to_string(i));
  }
  EXPECT_TRUE(at::equal(reader.load("w", at::kBFloat16), loaded.to(at::kBFloat16)));
}

TEST_F(Gguf, ViewsOutliveTheReaderAndNeverChangeTheFile) {
  write_gguf(file(), {gguf_output("w", at::tensor({1.0F, 2.0F}), GgufType::F32)}, {});
  const std::string before = core::read_file(file());
  std::optional<GgufReader> reader(file());
  at::Tensor view = reader->load("w");
  EXPECT_EQ(view.const_data_ptr(), reader->load("w").const_data_ptr());  // no copy
  reader.reset();
  view.add_(1.0);
  EXPECT_TRUE(at::equal(view, at::tensor({2.0F, 3.0F})));
  EXPECT_EQ(core::read_file(file()), before);
}

TEST_F(Gguf, CopiesWhatIsNotAligned) {
  GgufMetadata metadata;
  metadata.set("general.alignment", std::uint32_t{1});
  for (const std::string name : {"w", "wo", "wor", "word"}) {  // each makes the header a byte longer
    write_gguf(file(), {gguf_output(name, at::tensor({1.5F, 2.0F}), GgufType::F32)}, metadata);
    const at::Tensor loaded = GgufReader(file()).load(name);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(loaded.const_data_ptr()) % 4, 0u);
    EXPECT_TRUE(at::equal(loaded, at::tensor({1.5F, 2.0F})));
  }
}

TEST_F(Gguf, NamesWhatIsMissingOrNotRead) {
  const GgufReader reader(gguf_golden("blocks.gguf"));
  const auto load = [&](const std::string& name) -> std::string {
    try {
      reader.load(name);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_THAT(load("output.weight"), AllOf(HasSubstr("blocks.gguf"), HasSubstr("holds no tensor 'output.weight'")));
  EXPECT_THAT(load("IQ4_NL"), AllOf(HasSubstr("blocks.gguf: tensor 'IQ4_NL' is stored as IQ4_NL"), HasSubstr("Q4_K")));
  EXPECT_THAT(complaint(file("absent.gguf")), AllOf(HasSubstr("absent.gguf"), HasSubstr("No such file")));
  EXPECT_THAT(complaint(folder_), HasSubstr("Is a directory"));
  core::write_file_atomic(file(), "");
  EXPECT_THAT(complaint(file()), HasSubstr("x.gguf: header: needs 4 bytes"));
}

TEST_F(Gguf, OpensAllPartsOfAFile) {
  write_part("m-00001-of-00003.gguf", 0, 3, "a");
  write_part("m-00002-of-00003.gguf", 1, 3, "b");
  EXPECT_THAT(complaint(file("m-00001-of-00003.gguf")), HasSubstr("m-00003-of-00003.gguf: No such file"));
  write_part("m-00003-of-00003.gguf", 2, 3, "c");
  const GgufReader reader(file("m-00001-of-00003.gguf"));
  EXPECT_THAT(reader.names(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(reader.load("c").item<float>(), 2.0F);
  EXPECT_EQ(reader.metadata().integer("split.no"), 0);
  EXPECT_THAT(complaint(file("m-00002-of-00003.gguf")), HasSubstr("one of 3 parts (split.no 1); open the first"));
  fs::copy(file("m-00001-of-00003.gguf"), file("m.gguf"));
  EXPECT_THAT(complaint(file("m.gguf")), HasSubstr("open the first, '...-00001-of-00003.gguf'"));
  write_part("m-00003-of-00003.gguf", 2, 3, "a");
  EXPECT_THAT(complaint(file("m-00001-of-00003.gguf")), HasSubstr("tensor 'a' stands in an earlier part too"));
  write_part("m-00003-of-00003.gguf", 2, 4, "c");
  EXPECT_THAT(complaint(file("m-00001-of-00003.gguf")), HasSubstr("has split.no 2 of 4 parts, expected 2 of 3"));
}

TEST_F(Gguf, IsListed) {
  const std::vector<TensorSummary> list = list_tensors(gguf_golden("blocks.gguf"));
  ASSERT_EQ(list.size(), 13u);
  EXPECT_EQ(list[0].name, "BF16");
  EXPECT_EQ(list[4].name, "IQ4_NL");
  EXPECT_EQ(list[4].dtype, "IQ4_NL");
  EXPECT_EQ(list[4].shape, (std::vector<std::int64_t>{2, 32}));
}

}  // namespace
}  // namespace r1::weights
