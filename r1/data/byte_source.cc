// Plain, gzip (RFC 1952, several members one after the other) and zstd (RFC 8878, several frames) byte sources.
// Bytes after a gzip stream that are no further gzip member are an error, not silently dropped.
#include "r1/data/byte_source.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "r1/core/error.h"

namespace r1::data {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(const std::filesystem::path& file) : file_(file), handle_(std::fopen(file.c_str(), "rb")) {
    if (handle_ == nullptr) user_error("{}: cannot be opened: {}", file_.string(), std::strerror(errno));
  }
  ~PlainSource() override { std::fclose(handle_); }
  PlainSource(const PlainSource&) = delete;
  PlainSource& operator=(const PlainSource&) = delete;

  std::size_t read(char* out, std::size_t size) override {
    const std::size_t got = std::fread(out, 1, size, handle_);
    if (got == 0 && std::ferror(handle_)) user_error("{}: cannot be read: {}", file_.string(), std::strerror(errno));
    return got;
  }
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  std::FILE* handle_;
};

// What the two decompressors share: a buffer of compressed bytes in front of the file.
class CompressedSource : public ByteSource {
 public:
  explicit CompressedSource(const std::filesystem::path& file) : raw_(file), buffer_(kBufferBytes) {}

 protected:
  /// False at the end of the file. Called when the buffer has been used up.
  bool refill() {
    size_ = raw_.read(buffer_.data(), buffer_.size());
    position_ = 0;
    return size_ > 0;
  }
  [[noreturn]] void fail(const std::string& why) const { user_error("{}: {}", raw_.file().string(), why); }

  PlainSource raw_;
  std::vector<char> buffer_;
  std::size_t size_ = 0;
  std::size_t position_ = 0;
};

class GzipSource : public CompressedSource {
 public:
  explicit GzipSource(const std::filesystem::path& file) : CompressedSource(file) {
    R1_CHECK(inflateInit2(&stream_, MAX_WBITS + 16) == Z_OK, "zlib cannot start");  // + 16: gzip header and checksum
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* out, std::size_t size) override {
    const auto wanted = static_cast<uInt>(std::min(size, kBufferBytes));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = wanted;
    while (stream_.avail_out == wanted) {
      if (position_ == size_ && !refill()) {
        if (in_member_) fail("the gzip stream ends too early (truncated file?)");
        return 0;
      }
      inflate_some();
    }
    return wanted - stream_.avail_out;
  }

 private:
  void inflate_some() {
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + position_);
    stream_.avail_in = static_cast<uInt>(size_ - position_);
    in_member_ = true;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    position_ = size_ - stream_.avail_in;
    if (status == Z_STREAM_END) {
      in_member_ = false;
      R1_CHECK(inflateReset(&stream_) == Z_OK, "zlib cannot restart");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      fail(fmt::format("damaged gzip stream: {}", stream_.msg != nullptr ? stream_.msg : "unknown error"));
    }
  }

  z_stream stream_{};
  bool in_member_ = true;  // at the end of the file this means a truncated stream; an empty .gz is one too
};

class ZstdSource : public CompressedSource {
 public:
  explicit ZstdSource(const std::filesystem::path& file) : CompressedSource(file), stream_(ZSTD_createDStream()) {
    R1_CHECK(stream_ != nullptr, "zstd cannot start");
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

  std::size_t read(char* out, std::size_t size) override {
    ZSTD_outBuffer output{out, size, 0};
    while (output.pos == 0) {
      const bool at_end = position_ == size_ && !refill();
      if (at_end && in_frame_ == 0) return 0;
      ZSTD_inBuffer input{buffer_.data(), size_, position_};
      in_frame_ = ZSTD_decompressStream(stream_, &output, &input);
      position_ = input.pos;
      if (ZSTD_isError(in_frame_)) fail(fmt::format("damaged zstd stream: {}", ZSTD_getErrorName(in_frame_)));
      if (at_end && output.pos == 0 && in_frame_ != 0) fail("the zstd stream ends too early (truncated file?)");
    }
    return output.pos;
  }

 private:
  ZSTD_DStream* stream_;
  std::size_t in_frame_ = 1;  // what ZSTD_decompressStream returned last: 0 exactly between frames
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& file) {
  std::array<char, 4> head{};
  const std::size_t got = PlainSource(file).read(head.data(), head.size());
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
  const bool is_gzip = got >= 2 && byte(0) == 0x1F && byte(1) == 0x8B;
  const bool is_zstd =
      got == 4 && ((byte(0) == 0x28 && byte(1) == 0xB5 && byte(2) == 0x2F && byte(3) == 0xFD) ||
                   ((byte(0) & 0xF0) == 0x50 && byte(1) == 0x2A && byte(2) == 0x4D && byte(3) == 0x18));
  if (is_gzip) return std::make_unique<GzipSource>(file);
  if (is_zstd) return std::make_unique<ZstdSource>(file);
  const std::string extension = file.extension().string();
  if (extension == ".gz") user_error("{}: named .gz but holds no gzip stream (empty or not compressed)", file.string());
  if (extension == ".zst")
    user_error("{}: named .zst but holds no zstd stream (empty or not compressed)", file.string());
  return std::make_unique<PlainSource>(file);
}

}  // namespace r1::data
