// XXH3 against the digests published in xxHash's own test vectors (empty input) and against itself (streaming,
// sensitivity).
#include "r1/core/hash.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::core {
namespace {

TEST(Hash, KnownDigests) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash_hex(""), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, SeesEveryByteAndZeroBytes) {
  const std::string text(1000, 'a');
  for (const std::size_t i : {std::size_t{0}, std::size_t{500}, std::size_t{999}}) {
    std::string changed = text;
    changed[i] = 'b';
    EXPECT_NE(hash_hex(changed), hash_hex(text)) << i;
    EXPECT_NE(hash64(changed), hash64(text)) << i;
  }
  EXPECT_NE(hash_hex(std::string_view("\0", 1)), hash_hex(std::string_view("\0\0", 2)));
}

TEST(Hash, AFileHashesLikeItsBytesAlsoOverSeveralChunks) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / fmt::format("hash_test_{}", getpid());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{1} << 20, (std::size_t{1} << 20) + 3, std::size_t{3} << 20}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
    write_file_atomic(file, bytes);
    EXPECT_EQ(hash_file(file), hash_hex(bytes)) << size;
  }
  std::filesystem::remove(file);
}

TEST(Hash, AMissingFileOrAFolderIsTheUsersMistake) {
  EXPECT_THROW(hash_file("/no/such/file"), UserError);
  EXPECT_THROW(hash_file(testing::TempDir()), UserError);
}

}  // namespace
}  // namespace r1::core
