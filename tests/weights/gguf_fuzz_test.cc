// Thousands of damaged copies of the golden files: each is read or refused with one UserError line, and whatever is
// accepted lies inside the file. Damage is drawn from core::Rng, so a failure names the copy that shows it again.
// Under the sanitizer build this is the proof that no bytes can make the reader touch foreign memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/weights/gguf.h"
#include "r1/weights/gguf_blocks.h"
#include "tests/weights/gguf_golden.h"

namespace r1::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Numbers that sit on the edges of checks.
constexpr std::uint64_t kEdges[] = {0,
                                    1,
                                    2,
                                    9,
                                    12,
                                    13,
                                    31,
                                    0x7fffffff,
                                    0x80000000U,
                                    0xffffffffU,
                                    1ULL << 32,
                                    (1ULL << 60),
                                    (1ULL << 63) - 1,
                                    1ULL << 63,
                                    ~0ULL - 31,
                                    ~0ULL};

/// One to four changes among the first `header_size` bytes: flipped bits, numbers from the edges, bytes removed or
/// doubled, the end cut off.
std::string damaged(std::string bytes, std::size_t header_size, core::Rng& rng) {
  for (std::uint64_t change = 0, changes = 1 + rng.below(4); change < changes && bytes.size() > 16; ++change) {
    const std::size_t at = rng.below(std::min(header_size, bytes.size() - 8));
    const std::size_t length = 1 + rng.below(16);
    switch (rng.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(rng.below(256));
        break;
      case 2:
        std::memcpy(bytes.data() + at, &kEdges[rng.below(std::size(kEdges))], rng.below(2) == 0 ? 4 : 8);
        break;
      case 3:
        bytes.erase(at, length);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, length));
        break;
      default:
        bytes.resize(std::max<std::size_t>(16, bytes.size() - rng.below(bytes.size())));
        break;
    }
  }
  return bytes;
}

class GgufFuzz : public ::testing::TestWithParam<const char*> {
 protected:
  GgufFuzz()
      : whole_(core::read_file(gguf_golden(GetParam()))),
        header_size_(parse_gguf_header(whole_, "whole").data_begin),
        rng_({.seed = 17, .purpose = core::Purpose::Test}) {}

  std::string whole_;
  std::size_t header_size_;
  core::Rng rng_;
};

TEST_P(GgufFuzz, HeadersAreReadOrRefusedInOneLine) {
  int refused = 0;
  constexpr int kCopies = 6000;
  for (int copy = 0; copy < kCopies; ++copy) {
    const std::string bytes = damaged(whole_, header_size_, rng_);
    try {
      const GgufHeader header = parse_gguf_header(bytes, "x.gguf");
      for (const auto& [name, info] : header.tensors) {
        ASSERT_LT(info.begin, info.end) << copy;
        ASSERT_LE(info.end, bytes.size()) << copy;
        ASSERT_GE(info.begin, header.data_begin) << copy;
      }
    } catch (const UserError& e) {
      ++refused;
      ASSERT_THAT(e.what(), AllOf(HasSubstr("x.gguf: "), Not(HasSubstr("\n")))) << copy;
    }
  }
  EXPECT_GT(refused, kCopies / 2);
  EXPECT_LT(refused, kCopies);
}

TEST_P(GgufFuzz, WhatIsAcceptedLoads) {
  const fs::path file = fs::path(R1_BINARY_DIR) / (std::string("gguf_fuzz.") + GetParam());
  int loaded = 0;
  for (int copy = 0; copy < 250; ++copy) {
    const std::string bytes = damaged(whole_, header_size_, rng_);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const GgufReader reader(file);
      for (const std::string& name : reader.names()) {
        const GgufType type = reader.info(name).type;
        if (!can_dequantize_gguf(type) && gguf_type_info(type).block_elements > 1) continue;
        ASSERT_EQ(reader.load(name).sizes(), reader.info(name).shape) << copy;
        ++loaded;
      }
    } catch (const UserError& e) {
      ASSERT_THAT(e.what(), AllOf(HasSubstr("gguf_fuzz."), Not(HasSubstr("\n")))) << copy;
    }
  }
  EXPECT_GT(loaded, 50);
  fs::remove(file);
}

INSTANTIATE_TEST_SUITE_P(GoldenFiles, GgufFuzz, ::testing::Values("blocks.gguf", "written.gguf"),
                         [](const auto& golden) { return fs::path(golden.param).stem().string(); });

}  // namespace
}  // namespace r1::weights
