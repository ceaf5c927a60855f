// Decompression: by content and by name, several members, truncation at every byte, damage.
#include "r1/data/byte_source.h"

#include <gmock/gmock.h>

#include "tests/data/test_files.h"

namespace r1::data {
namespace {

using ::testing::HasSubstr;

std::string read_all(const std::filesystem::path& file, std::size_t chunk = 7) {
  auto source = open_bytes(file);
  std::string out;
  std::string buffer(chunk, '\0');
  while (const std::size_t got = source->read(buffer.data(), buffer.size())) out.append(buffer, 0, got);
  EXPECT_EQ(source->read(buffer.data(), buffer.size()), 0u);  // the end stays the end
  return out;
}

std::string sample_text() {
  std::string text;
  for (int i = 0; i < 30000; ++i) text += std::to_string(i * 7919 % 65537) + (i % 10 == 0 ? "\n" : " ");
  return text;
}

class ByteSourceTest : public TempFolder {};

TEST_F(ByteSourceTest, ReadsPlainGzipAndZstdAlike) {
  const std::string text = sample_text();  // larger than the buffers
  EXPECT_EQ(read_all(write("a.txt", text)), text);
  EXPECT_EQ(read_all(write("a.txt.gz", gzip(text))), text);
  EXPECT_EQ(read_all(write("a.txt.zst", zstd(text))), text);
  EXPECT_EQ(read_all(write("a.txt.gz", gzip(text)), 200000), text);
  EXPECT_EQ(read_all(write("a.txt.zst", zstd(text)), 200000), text);
}

TEST_F(ByteSourceTest, TellsCompressionByContentWhateverTheName) {
  EXPECT_EQ(read_all(write("a.txt", gzip("hello"))), "hello");
  EXPECT_EQ(read_all(write("b.gz", zstd("hello"))), "hello");
  EXPECT_EQ(read_all(write("c.txt", "")), "");
}

TEST_F(ByteSourceTest, ReadsSeveralMembersAndFrames) {
  EXPECT_EQ(read_all(write("a.gz", gzip("one") + gzip("") + gzip("two"))), "onetwo");
  EXPECT_EQ(read_all(write("a.zst", zstd("one") + zstd("") + zstd("two"))), "onetwo");
}

TEST_F(ByteSourceTest, EveryTruncationIsAnErrorThatNamesTheFile) {
  const std::string text = sample_text().substr(0, 100);
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    for (std::size_t size = 4; size < whole.size(); ++size) {
      const auto file = write("cut.gz", whole.substr(0, size));
      EXPECT_THAT(user_error_of([&] { read_all(file); }), HasSubstr("cut.gz: the ")) << size;
    }
  }
  const std::string two = zstd(text) + zstd(text);
  const auto file = write("two.zst", two.substr(0, two.size() - 3));
  EXPECT_THAT(user_error_of([&] { read_all(file); }), HasSubstr("truncated"));
}

TEST_F(ByteSourceTest, DamageAndTrailingBytesAreErrors) {
  std::string bytes = gzip(sample_text());
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // in the checksum
  EXPECT_THAT(user_error_of([&] { read_all(write("a.gz", bytes)); }), HasSubstr("a.gz: damaged gzip stream"));
  EXPECT_THAT(user_error_of([&] { read_all(write("b.gz", gzip("x") + "garbage")); }), HasSubstr("damaged gzip"));
  EXPECT_THAT(user_error_of([&] { read_all(write("c.zst", zstd("x") + "garbage")); }), HasSubstr("damaged zstd"));
}

TEST_F(ByteSourceTest, NamesThatLieAndMissingFilesAreErrors) {
  EXPECT_THAT(user_error_of([&] { read_all(write("a.gz", "plain")); }), HasSubstr("a.gz: named .gz but"));
  EXPECT_THAT(user_error_of([&] { read_all(write("a.zst", "")); }), HasSubstr("a.zst: named .zst but"));
  EXPECT_THAT(user_error_of([&] { read_all(folder_ / "none.txt"); }), HasSubstr("none.txt: cannot be opened: No such"));
  EXPECT_THAT(user_error_of([&] { read_all(folder_); }), HasSubstr("cannot be read: Is a directory"));
}

}  // namespace
}  // namespace r1::data
