// Writer and reader together, on real files: round trips of every dtype, the exact bytes, views that live on, shards
// and their index, and the files that another program (safetensors for Python) wrote into tests/golden.
#include "r1/weights/safetensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "tests/weights/reader_test.h"

namespace r1::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Safetensors : public ReaderTest<SafetensorsReader> {
 protected:
  fs::path file(const std::string& name = "model.safetensors") const { return folder_ / name; }
};

at::Tensor numbers(const std::vector<std::int64_t>& shape, at::ScalarType dtype = at::kFloat, double from = 0.0) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return at::arange(from, from + static_cast<double>(count), at::kDouble).reshape(shape).to(dtype);
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  return at::equal(a.to(at::kDouble), b.to(at::kDouble));
}

TEST_F(Safetensors, BringsBackEveryDtypeAndShape) {
  NamedTensors tensors;
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kFloat8_e4m3fn, at::kLong,
                                     at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors.emplace_back(std::string("t.") + c10::toString(dtype), numbers({3, 5}, dtype, dtype == at::kBool ? 0 : 1));
  }
  tensors.emplace_back("scalar", at::tensor(2.5));
  tensors.emplace_back("empty", at::zeros({0, 4}, at::kFloat));
  tensors.emplace_back("transposed", numbers({4, 3}).t());
  write_safetensors(file(), tensors, {{"note", "ünïcode \"quoted\""}});
  const SafetensorsReader reader(file());
  EXPECT_EQ(reader.names().size(), tensors.size());
  EXPECT_EQ(reader.metadata(), (Metadata{{"note", "ünïcode \"quoted\""}}));
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(same(reader.load(name), tensor)) << name;
    EXPECT_EQ(reader.info(name).shape, tensor.sizes().vec()) << name;
    const auto address = reinterpret_cast<std::uintptr_t>(reader.load(name).const_data_ptr());
    EXPECT_EQ(address % tensor.element_size(), 0u) << name;
  }
}

TEST_F(Safetensors, WritesExactlyTheseBytesWhateverTheOrder) {
  const at::Tensor a = at::tensor({1, 2}, at::kByte);
  const at::Tensor b = at::tensor({1.0F});
  const std::string header = R"({"__metadata__":{"format":"pt"},"a":{"data_offsets":[4,6],"dtype":"U8","shape":[2]},)"
                             R"("b":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  ASSERT_EQ(header.size(), 137u);
  const std::string expected =
      std::string("\x90\0\0\0\0\0\0\0", 8) + header + std::string(7, ' ') + std::string("\0\0\x80\x3f\1\2", 6);
  EXPECT_EQ(safetensors_bytes({{"a", a}, {"b", b}}), expected);
  EXPECT_EQ(safetensors_bytes({{"b", b}, {"a", a}}), expected);
}

TEST_F(Safetensors, ViewsOutliveTheReaderAndNeverChangeTheFile) {
  write_safetensors(file(), {{"w", numbers({4})}});
  const std::string before = core::read_file(file());
  std::optional<SafetensorsReader> reader(file());
  at::Tensor view = reader->load("w");
  EXPECT_EQ(view.const_data_ptr(), reader->load("w").const_data_ptr());  // no copy
  reader.reset();
  fs::remove(file());
  view.add_(10.0);
  EXPECT_TRUE(same(view, numbers({4}, at::kFloat, 10.0)));
  core::write_file_atomic(file(), before);
  SafetensorsReader(file()).load("w").zero_();
  EXPECT_EQ(core::read_file(file()), before);
}

TEST_F(Safetensors, CopiesWhatIsNotAligned) {
  const std::string json =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(json.size());
  core::write_file_atomic(file(), bytes + json + std::string("\7\0\0\x20\x41", 5));
  const SafetensorsReader reader(file());
  EXPECT_EQ(reader.load("a").item<int>(), 7);
  EXPECT_EQ(reader.load("b").item<float>(), 10.0F);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(reader.load("b").const_data_ptr()) % 4, 0u);
}

TEST_F(Safetensors, RefusesWhatItCannotWrite) {
  EXPECT_THROW(safetensors_bytes({{"a", numbers({1})}, {"a", numbers({2})}}), Error);
  EXPECT_THROW(safetensors_bytes({{"a", at::zeros({1}, at::kComplexFloat)}}), Error);
  EXPECT_THROW(safetensors_bytes({{"a", at::Tensor()}}), Error);
  EXPECT_THROW(safetensors_bytes({{"__metadata__", numbers({1})}}), Error);
}

TEST_F(Safetensors, NamesWhatIsMissing) {
  EXPECT_THAT(complaint(file("absent.safetensors")), AllOf(HasSubstr("absent.safetensors"), HasSubstr("No such file")));
  EXPECT_THAT(complaint(folder_), HasSubstr("holds neither model.safetensors nor model.safetensors.index.json"));
  write_safetensors(file(), {{"w", numbers({4})}});
  EXPECT_THROW(SafetensorsReader(folder_).load("v"), UserError);
  core::write_file_atomic(file("model.safetensors.index.json"), "{}");
  EXPECT_THAT(complaint(folder_), HasSubstr("holds both"));
  EXPECT_THAT(complaint(file("model.safetensors.index.json")), HasSubstr("weight_map"));
  core::write_file_atomic(file("empty.safetensors"), "");
  EXPECT_THAT(complaint(file("empty.safetensors")), HasSubstr("only 0 bytes"));
}

class Shards : public Safetensors {
 protected:
  Shards() {
    tensors_ = {{"d", numbers({8})}, {"a", numbers({4})}, {"b", numbers({4}, at::kFloat, 4)}, {"c", numbers({20})}};
    write_sharded_safetensors(folder_, tensors_, 40);
  }
  std::string index_text() const { return core::read_file(file("model.safetensors.index.json")); }
  /// The complaint about the folder when the index says `text`.
  std::string complaint_of_index(const std::string& text) const {
    core::write_file_atomic(file("model.safetensors.index.json"), text);
    return complaint(folder_);
  }

  NamedTensors tensors_;
};

TEST_F(Shards, AreFilledInOrderAndReadBackThroughTheIndex) {
  const auto index = nlohmann::json::parse(index_text());
  EXPECT_EQ(index["metadata"]["total_size"], 4 * (8 + 4 + 4 + 20));
  EXPECT_EQ(index["weight_map"], (nlohmann::json{{"a", "model-00001-of-00003.safetensors"},
                                                 {"b", "model-00001-of-00003.safetensors"},
                                                 {"c", "model-00002-of-00003.safetensors"},
                                                 {"d", "model-00003-of-00003.safetensors"}}));
  const SafetensorsReader reader(folder_);
  EXPECT_THAT(reader.names(), ElementsAre("a", "b", "c", "d"));
  for (const auto& [name, tensor] : tensors_) EXPECT_TRUE(same(reader.load(name), tensor)) << name;
  EXPECT_EQ(reader.metadata(), kTorchMetadata);
}

TEST_F(Shards, OneShardNeedsNoIndex) {
  const fs::path other = folder_ / "other";
  write_sharded_safetensors(other, tensors_, 144);
  EXPECT_TRUE(fs::exists(other / "model.safetensors"));
  EXPECT_FALSE(fs::exists(other / "model.safetensors.index.json"));
  EXPECT_EQ(core::read_file(other / "model.safetensors"), safetensors_bytes(tensors_));
}

TEST_F(Shards, OutputsAreMadeInTheirTurn) {
  std::vector<std::string> made;
  std::vector<SafetensorsOutput> outputs;
  for (const auto& [name, tensor] : tensors_)
    outputs.push_back({.name = name, .shape = tensor.sizes().vec(), .dtype = at::kFloat, .load = [&made, name, tensor] {
                         made.push_back(name);
                         return tensor;
                       }});
  const fs::path other = folder_ / "other";
  write_sharded_safetensors(other, outputs, 40);
  EXPECT_THAT(made, ElementsAre("a", "b", "c", "d"));
  for (const char* name : {"model-00001-of-00003.safetensors", "model.safetensors.index.json"})
    EXPECT_EQ(core::read_file(other / name), core::read_file(file(name)));
  outputs[3].shape = {19};  // not what is made
  EXPECT_THROW(write_sharded_safetensors(folder_ / "wrong", outputs, 1000), Error);
  EXPECT_TRUE(fs::is_empty(folder_ / "wrong"));
}

TEST_F(Shards, RefuseAnIndexThatDoesNotMatch) {
  const std::string good = index_text();
  auto index = nlohmann::json::parse(good);
  index["weight_map"]["e"] = "model-00001-of-00003.safetensors";
  EXPECT_THAT(complaint_of_index(index.dump()), HasSubstr("tensor 'e' is not in model-00001-of-00003.safetensors"));
  index = nlohmann::json::parse(good);
  index["weight_map"].erase("b");
  EXPECT_THAT(complaint_of_index(index.dump()),
              HasSubstr("does not list tensor 'b' of model-00001-of-00003.safetensors"));
  for (const auto& bad : {nlohmann::json("../x.safetensors"), nlohmann::json("/etc/passwd"), nlohmann::json(""),
                          nlohmann::json(".."), nlohmann::json(3)}) {
    index = nlohmann::json::parse(good);
    index["weight_map"]["a"] = bad;
    EXPECT_THAT(complaint_of_index(index.dump()), HasSubstr("tensor 'a': its file must be a plain file name"));
  }
  EXPECT_THAT(complaint_of_index(good.substr(0, good.size() / 2)), HasSubstr("the file is damaged"));
  EXPECT_EQ(complaint_of_index(good), "accepted");
  fs::copy_file(file("model-00001-of-00003.safetensors"), file("copy.safetensors"));
  index = nlohmann::json::parse(good);
  index["weight_map"]["a"] = "copy.safetensors";
  EXPECT_THAT(complaint_of_index(index.dump()), HasSubstr("index and shards do not belong together"));
  fs::remove(file("model-00002-of-00003.safetensors"));
  EXPECT_THAT(complaint_of_index(good),
              AllOf(HasSubstr("model-00002-of-00003.safetensors"), HasSubstr("No such file")));
}

TEST(SafetensorsOfOtherPrograms, AreReadAsTheyAre) {
  const fs::path golden = fs::path(R1_SOURCE_DIR) / "tests/golden/deepseek_v3/moe";
  const SafetensorsReader model(golden);
  EXPECT_EQ(model.metadata(), kTorchMetadata);
  EXPECT_EQ(model.info("model.layers.1.mlp.experts.7.up_proj.weight").shape, (std::vector<std::int64_t>{24, 32}));
  EXPECT_FALSE(model.contains("model.layers.0.mlp.gate.weight"));
  const SafetensorsReader values(golden / "golden.safetensors");
  EXPECT_EQ(values.info("ids.0").dtype, at::kLong);
  EXPECT_EQ(values.load("logits.1").sizes(), (std::vector<std::int64_t>{7, 96}));
  const at::Tensor difference = values.load("logits.0").sub(values.load("logits_f32.0"));
  EXPECT_LT(difference.abs().max().item<double>(), 1e-4);
  EXPECT_NEAR(values.load("loss").item<double>(), 4.582723, 1e-6);
}

}  // namespace
}  // namespace r1::weights
