// The header parser against hand-made bytes: what it accepts and the one clear line for each kind of damage. It does no
// file access; golden files are gguf_test.cc's, random damage gguf_fuzz_test.cc's.
#include "r1/weights/gguf_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <tuple>

#include "r1/core/error.h"

namespace r1::weights {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string u32(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
std::string u64(std::uint64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }
std::string text(const std::string& value) { return u64(value.size()) + value; }

constexpr std::uint32_t kU32 = 4, kBool = 7, kString = 8, kArray = 9;

std::string key(const std::string& name, std::uint32_t type, const std::string& value) {
  return text(name) + u32(type) + value;
}

/// One tensor's entry; `dims` in the file's order.
std::string tensor(const std::string& name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                   std::uint64_t offset) {
  std::string out = text(name) + u32(static_cast<std::uint32_t>(dims.size()));
  for (const std::uint64_t size : dims) out += u64(size);
  return out + u32(type) + u64(offset);
}

std::string begin_of_file(std::uint64_t num_tensors, std::uint64_t num_keys, std::uint32_t version = 3) {
  return "GGUF" + u32(version) + u64(num_tensors) + u64(num_keys);
}

/// A whole file: keys, tensors, padding to 32 and so many data bytes.
std::string file_of(const std::vector<std::string>& keys, const std::vector<std::string>& tensors,
                    std::size_t data_bytes) {
  std::string out = begin_of_file(tensors.size(), keys.size());
  for (const std::string& item : keys) out += item;
  for (const std::string& item : tensors) out += item;
  out.resize((out.size() + 31) / 32 * 32);
  return out + std::string(data_bytes, '\1');
}

/// What the user reads for those bytes; "accepted" when nothing is wrong.
std::string complaint(const std::string& bytes) {
  try {
    parse_gguf_header(bytes, "x.gguf");
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

const std::string kValid =
    file_of({key("general.alignment", kU32, u32(32)), key("k", kArray, u32(kString) + u64(2) + text("a") + text(""))},
            {tensor("w", {32, 3}, 2, 64), tensor("norm", {5}, 0, 0)}, 64 + 54);

TEST(GgufHeader, ReadsTensorsInTorchOrderAndMetadata) {
  const GgufHeader header = parse_gguf_header(kValid, "x");
  EXPECT_EQ(header.version, 3u);
  EXPECT_EQ(header.data_begin % 32, 0u);
  ASSERT_EQ(header.tensors.size(), 2u);
  const GgufTensorInfo& w = header.tensors.at("w");
  EXPECT_EQ(w.type, GgufType::Q4_0);
  EXPECT_EQ(w.shape, (std::vector<std::int64_t>{3, 32}));
  EXPECT_EQ(w.begin, header.data_begin + 64);
  EXPECT_EQ(w.end, kValid.size());
  EXPECT_EQ(header.tensors.at("norm").end - header.tensors.at("norm").begin, 20u);
  EXPECT_EQ(header.metadata.texts("k"), (std::vector<std::string>{"a", ""}));
}

TEST(GgufHeader, AcceptsVersion2NoTensorsAndOtherAlignments) {
  EXPECT_EQ(complaint(begin_of_file(0, 0)), "accepted");
  EXPECT_EQ(complaint(begin_of_file(0, 0, 2)), "accepted");
  const std::string bytes = file_of({key("general.alignment", kU32, u32(8))}, {tensor("a", {1}, 0, 8)}, 12);
  EXPECT_EQ(parse_gguf_header(bytes, "x").tensors.at("a").begin % 8, 0u);
  EXPECT_EQ(complaint(file_of({}, {tensor("a", {2, 3, 4, 5}, 0, 0)}, 480)), "accepted");
}

TEST(GgufHeader, RefusesWhatIsNoLittleEndianGguf) {
  EXPECT_THAT(complaint(""), HasSubstr("x.gguf: header: needs 4 bytes at byte 0, but 0 follow"));
  EXPECT_THAT(complaint("GGML" + kValid.substr(4)), HasSubstr("begins with 'GGML', not 'GGUF'"));
  EXPECT_THAT(complaint("FUGG" + kValid.substr(4)), HasSubstr("big-endian"));
  EXPECT_THAT(complaint(begin_of_file(0, 0, 0x03000000)), HasSubstr("big-endian"));
  EXPECT_THAT(complaint(begin_of_file(0, 0, 1)), HasSubstr("GGUF version 1; versions 2 and 3 are read"));
  EXPECT_THAT(complaint(begin_of_file(0, 0, 0)), HasSubstr("GGUF version 0"));
  EXPECT_THAT(complaint(begin_of_file(0, 0, 4)), HasSubstr("GGUF version 4"));
}

TEST(GgufHeader, RefusesCountsAndLengthsThatTheFileIsTooShortFor) {
  const std::uint64_t huge = std::uint64_t{1} << 60;
  const auto one_key = [](const std::string& bytes) { return begin_of_file(0, 1) + bytes + std::string(20, '\0'); };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {begin_of_file(huge, 0), "says 1152921504606846976 tensors, but only 8 bytes follow"},
      {begin_of_file(0, huge), "says 1152921504606846976 metadata keys, but only 0 bytes follow"},
      {begin_of_file(UINT64_MAX, UINT64_MAX), "18446744073709551615 tensors"},
      {begin_of_file(1, 0), "says 1 tensors, but only 8 bytes follow"},
      {one_key(u64(huge)), "metadata key 1 of 1: a string of 1152921504606846976 bytes at byte 32, but 20 follow"},
      {one_key(u64(UINT64_MAX)), "a string of 18446744073709551615 bytes"},
      {begin_of_file(0, 1) + text(std::string(65536, 'k')) + u32(kBool) + "\1", "at most 65535 are accepted"},
      {one_key(key("k", kString, u64(21))), "metadata key 'k': a string of 21 bytes at byte 45, but 20 follow"},
      {one_key(key("k", kArray, u32(kU32) + u64(huge))), "metadata key 'k': says 1152921504606846976 array elements"},
      {one_key(key("k", kArray, u32(kU32) + u64(6))), "says 6 array elements, but only 20 bytes follow"},
      {one_key(key("k", kArray, u32(kString) + u64(3))), "says 3 array elements, but only 20 bytes follow"},
      {one_key(key("k", kArray, u32(kString) + u64(2) + u64(21))), "a string of 21 bytes at byte 57, but 20 follow"},
  };
  for (const auto& [bytes, expected] : cases) {
    EXPECT_THAT(complaint(bytes), AllOf(HasSubstr("x.gguf: "), HasSubstr(expected), Not(HasSubstr("\n"))));
  }
}

TEST(GgufHeader, RefusesBadMetadata) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{key("k", 13, u64(0))}, "metadata key 'k': unknown value type 13"},
      {{key("k", UINT32_MAX, u64(0))}, "unknown value type 4294967295"},
      {{key("k", kArray, u32(13) + u64(1))}, "an array of unknown type 13"},
      {{key("k", kArray, u32(kArray) + u64(1) + u32(kU32) + u64(0))}, "metadata key 'k': an array of arrays"},
      {{key("k", kBool, "\2")}, "metadata key 'k': a bool must be 0 or 1, not 2"},
      {{key("k", kArray, u32(kBool) + u64(2) + "\1\3")}, "a bool must be 0 or 1, not 3"},
      {{key("k", kU32, u32(1)), key("k", kU32, u32(1))}, "metadata key 'k' stands twice"},
      {{key("new\nline", 13, u64(0))}, "metadata key 'new?line'"},
      {{key("general.alignment", kU32, u32(0))}, "'general.alignment' must be a u32 and a power of two"},
      {{key("general.alignment", kU32, u32(48))}, "'general.alignment' must be"},
      {{key("general.alignment", 10, u64(32))}, "'general.alignment' must be"},
  };
  for (const auto& [keys, expected] : cases) {
    EXPECT_THAT(complaint(file_of(keys, {}, 64)),
                AllOf(HasSubstr("x.gguf: "), HasSubstr(expected), Not(HasSubstr("\n"))));
  }
}

TEST(GgufHeader, RefusesBadTensors) {
  const std::uint64_t large = std::uint64_t{1} << 32;
  const std::uint64_t top = std::uint64_t{1} << 63;
  const std::vector<std::tuple<std::vector<std::string>, std::size_t, std::string>> cases = {
      {{tensor("w", {}, 0, 0)}, 64, "tensor 'w': 0 dimensions; a tensor has 1 to 4"},
      {{tensor("w", {1, 1, 1, 1, 1}, 0, 0)}, 64, "tensor 'w': 5 dimensions"},
      {{tensor("w", {4, 0}, 0, 0)}, 64, "tensor 'w': a dimension of 0"},
      {{tensor("w", {top}, 0, 0)}, 64, "tensor 'w': a dimension of 9223372036854775808"},
      {{tensor("w", {large, large}, 0, 0)}, 64, "tensor 'w': its shape has more bytes than any file"},
      {{tensor("w", {large, large, large, large}, 2, 0)}, 64, "more bytes than any file"},
      {{tensor("w", {top - 32, 1}, 2, 0)}, 64, "but the file has 64"},
      {{tensor("w", {top - 1}, 0, 0)}, 64, "more bytes than any file"},
      {{tensor("w", {16, 2}, 8, 0)}, 64, "tensor 'w': rows of 16 elements, but Q8_0 stores blocks of 32"},
      {{tensor("w", {128, 2}, 12, 0)}, 64, "rows of 128 elements, but Q4_K stores blocks of 256"},
      {{tensor("w", {4}, 4, 0)}, 64, "tensor 'w': unknown tensor type 4"},
      {{tensor("w", {4}, 1000, 0)}, 64, "unknown tensor type 1000"},
      {{tensor("w", {4}, 0, 16)}, 64, "tensor 'w': begins at data byte 16, no multiple of 32"},
      {{tensor("w", {4}, 0, 64)}, 64, "tensor 'w': ends at data byte 80, but the file has 64"},
      {{tensor("w", {17}, 0, 0)}, 64, "ends at data byte 68, but the file has 64"},
      {{tensor("w", {4}, 0, UINT64_MAX - 31)}, 64, "ends at data byte 18446744073709551600, but the file has 64"},
      {{tensor("w", {8}, 0, UINT64_MAX - 31)}, 64, "would begin at data byte 18446744073709551584"},
      {{tensor("w", {4}, 0, 0), tensor("w", {4}, 0, 32)}, 64, "tensor 'w' stands twice"},
      {{tensor("w", {4}, 0, 0), tensor("v", {4}, 0, 0)}, 64, "overlap"},
      {{tensor("w", {12}, 0, 0), tensor("v", {4}, 0, 32)}, 64, "tensors 'w' and 'v' overlap"},
      {{tensor("a\nb", {}, 0, 0)}, 64, "tensor 'a?b': 0 dimensions"},
  };
  for (const auto& [tensors, data_bytes, expected] : cases) {
    EXPECT_THAT(complaint(file_of({}, tensors, data_bytes)),
                AllOf(HasSubstr("x.gguf: "), HasSubstr(expected), Not(HasSubstr("\n"))));
  }
}

TEST(GgufHeader, RefusesEveryTruncation) {
  ASSERT_EQ(complaint(kValid), "accepted");
  for (std::size_t size = 0; size < kValid.size(); ++size) {
    EXPECT_THAT(complaint(kValid.substr(0, size)), AllOf(HasSubstr("x.gguf: "), Not(HasSubstr("\n")))) << size;
  }
}

TEST(GgufType, TableAndStoredTypes) {
  EXPECT_EQ(find_gguf_type(4), nullptr);
  EXPECT_EQ(find_gguf_type(14)->name, "Q6_K");
  EXPECT_EQ(gguf_type_info(GgufType::Q6_K).block_bytes, 210);
  EXPECT_THROW(gguf_type_info(static_cast<GgufType>(99)), Error);
  EXPECT_EQ(stored_gguf_type(GgufType::Q8_0, {4, 64}), GgufType::Q8_0);
  EXPECT_EQ(stored_gguf_type(GgufType::Q8_0, {64, 4}), GgufType::F32);
  EXPECT_EQ(stored_gguf_type(GgufType::F16, {64}), GgufType::F32);
  EXPECT_EQ(stored_gguf_type(GgufType::F16, {64, 3}), GgufType::F16);
}

}  // namespace
}  // namespace r1::weights
