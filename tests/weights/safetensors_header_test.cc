// The header parser against hand-made bytes: what it accepts, the one clear line for each kind of damage, and a sweep
// that damages every byte of a valid header. It does no file access.
#include "r1/weights/safetensors_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "r1/core/error.h"

namespace r1::weights {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string length_bytes(std::uint64_t length) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(length >> (8 * i)));
  return out;
}

std::string file_of(const std::string& json, std::size_t data_bytes) {
  return length_bytes(json.size()) + json + std::string(data_bytes, '\1');
}

/// What the user reads for those bytes; "accepted" when nothing is wrong.
std::string complaint(const std::string& bytes) {
  try {
    parse_safetensors_header(bytes, "x.safetensors");
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

std::string complaint(const std::string& json, std::size_t data_bytes) { return complaint(file_of(json, data_bytes)); }

const std::string kValid =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b.weight":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},"c":{"dtype":"I64","shape":[0,7],"data_offsets":[26,26]}})";

TEST(SafetensorsHeader, ReadsTensorsAndMetadata) {
  const SafetensorsHeader header = parse_safetensors_header(file_of(kValid, 26), "x");
  ASSERT_EQ(header.tensors.size(), 3u);
  const TensorInfo& a = header.tensors.at("a");
  EXPECT_EQ(a.dtype, c10::ScalarType::Float);
  EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(a.begin, 8 + kValid.size());
  EXPECT_EQ(a.end, 8 + kValid.size() + 24);
  const TensorInfo& b = header.tensors.at("b.weight");
  EXPECT_EQ(b.dtype, c10::ScalarType::BFloat16);
  EXPECT_TRUE(b.shape.empty());
  EXPECT_EQ(b.end - b.begin, 2u);
  EXPECT_EQ(header.tensors.at("c").begin, header.tensors.at("c").end);
  EXPECT_EQ(header.metadata, (Metadata{{"format", "pt"}}));
}

TEST(SafetensorsHeader, KnowsEveryDtypeByNameAndSize) {
  const std::vector<std::tuple<std::string, c10::ScalarType, std::size_t>> expected = {
      {"F64", c10::ScalarType::Double, 8}, {"F32", c10::ScalarType::Float, 4},
      {"F16", c10::ScalarType::Half, 2},   {"BF16", c10::ScalarType::BFloat16, 2},
      {"I64", c10::ScalarType::Long, 8},   {"F8_E4M3", c10::ScalarType::Float8_e4m3fn, 1},
      {"I32", c10::ScalarType::Int, 4},    {"I16", c10::ScalarType::Short, 2},
      {"I8", c10::ScalarType::Char, 1},    {"U8", c10::ScalarType::Byte, 1},
      {"BOOL", c10::ScalarType::Bool, 1}};
  for (const auto& [name, dtype, bytes] : expected) {
    const std::string json =
        fmt::format(R"({{"t":{{"dtype":"{}","shape":[3],"data_offsets":[0,{}]}}}})", name, 3 * bytes);
    const auto header = parse_safetensors_header(file_of(json, 3 * bytes), "x");
    EXPECT_EQ(header.tensors.at("t").dtype, dtype) << name;
    EXPECT_EQ(safetensors_dtype_name(dtype), name);
    EXPECT_THAT(complaint(json, 3 * bytes + 1), HasSubstr("belong to no tensor")) << name;
  }
  EXPECT_EQ(safetensors_dtype_name(c10::ScalarType::ComplexFloat), "");
}

TEST(SafetensorsHeader, NamesFileAndTensorForEachKindOfDamage) {
  const auto with = [](const std::string& entry) { return R"({"a":)" + entry + "}"; };
  const std::vector<std::tuple<std::string, std::size_t, std::string>> cases = {
      {with(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})"), 4, "tensor 'a': unknown dtype F33"},
      {with(R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})"), 4, "unknown dtype 7"},
      {with(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), 4, "shape is no list of whole numbers"},
      {with(R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})"), 4, "shape is no list of whole numbers"},
      {with(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})"), 4, "shape is no list of whole numbers"},
      {with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"), 4, "4 bytes for a shape of 8"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"), 4, "begin <= end"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})"), 8, "[begin, end]"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 3, "ends at data byte 4, but the file has 3"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]})"), 4, "no list of whole numbers"},
      {with(R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]})"), 0, "more bytes than any file"},
      {with(R"({"dtype":"F32","shape":[0,9223372036854775807,9],"data_offsets":[0,0]})"), 0,
       "more bytes than any file"},
      {with(R"({"dtype":"F32","shape":[1]})"), 4, "exactly dtype, shape and data_offsets"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1})"), 4, "exactly dtype, shape and data_offsets"},
      {with(R"({"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 4, "'dtype' stands twice"},
      {with("[]"), 0, "exactly dtype, shape and data_offsets"},
      {with(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), 8, "tensor 'a' begins at data byte 4, expected 0"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       3, "tensor 'b' begins at data byte 1, expected 2"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "'a' stands twice"},
      {R"({"__metadata__":{"a":1}})", 0, "'a' is no text"},
      {R"({"__metadata__":[]})", 0, "__metadata__ is no object"},
      {"[]", 0, "no JSON object"},
      {R"({"a":)", 0, "no valid JSON"},
      {"{} x", 0, "no valid JSON"},
      {"", 0, "no JSON object"},
  };
  for (const auto& [json, data_bytes, expected] : cases) {
    EXPECT_THAT(complaint(json, data_bytes),
                AllOf(HasSubstr("x.safetensors"), HasSubstr(expected), Not(HasSubstr("\n"))))
        << json;
  }
}

TEST(SafetensorsHeader, RefusesAHeaderLengthBeyondTheFile) {
  EXPECT_THAT(complaint(length_bytes(10'000'000'000) + "{}"), HasSubstr("10000000000 bytes long, but 2 bytes follow"));
  EXPECT_THAT(complaint(length_bytes(UINT64_MAX) + "{}"), HasSubstr("18446744073709551615 bytes long"));
  EXPECT_THAT(complaint(length_bytes(3) + "{}"), HasSubstr("3 bytes long, but 2 bytes follow"));
  EXPECT_THAT(complaint("1234567"), HasSubstr("only 7 bytes"));
  EXPECT_EQ(complaint(length_bytes(2) + "{}"), "accepted");
}

TEST(SafetensorsHeader, RefusesDeepNestingBeforeItFollowsIt) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string& json : {R"({"x": {"dtype": "U8", "shape": )" + deep + R"(, "data_offsets": [0, 1]}})",
                                  R"({"x": {"dtype": )" + deep + R"(, "shape": [1], "data_offsets": [0, 1]}})"})
    EXPECT_THAT(complaint(json, 1), HasSubstr("nested more than 500 deep"));
}

TEST(SafetensorsHeader, RefusesEveryTruncation) {
  const std::string whole = file_of(kValid, 26);
  ASSERT_EQ(complaint(whole), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(complaint(whole.substr(0, size)), HasSubstr("x.safetensors: ")) << size;
  }
}

TEST(SafetensorsHeader, DamagedBytesGiveAnErrorOrTensorsInsideTheFile) {
  const std::string whole = file_of(kValid, 26);
  const std::size_t header_end = whole.size() - 26;
  int refused = 0;
  for (std::size_t at = 0; at < header_end; ++at) {
    for (int flip = 1; flip < 256; flip = flip < 128 ? 2 * flip : flip + 127) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        for (const auto& [name, info] : parse_safetensors_header(damaged, "x").tensors) {
          ASSERT_LE(info.begin, info.end) << at << " ^ " << flip;
          ASSERT_LE(info.end, damaged.size()) << at << " ^ " << flip;
          ASSERT_GE(info.begin, 8u);
        }
      } catch (const UserError& e) {
        ++refused;
        ASSERT_THAT(e.what(), AllOf(HasSubstr("x: "), Not(HasSubstr("\n")))) << at << " ^ " << flip;
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(7 * header_end));  // of 9 flips a byte; the rest only renames
}

}  // namespace
}  // namespace r1::weights
