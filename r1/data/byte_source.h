// ByteSource: the bytes of a file, decompressed as they are read (gzip, zstd, told by the first bytes, checked against
// the file's extension). Memory is bounded by a few buffers and the format's window (32 KiB; zstd at most 128 MiB). It
// knows nothing of lines and records: reader.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

namespace r1::data {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `size` >= 1 bytes; 0 only at the end. UserError (with the path) when the file can't be read, is
  /// damaged or ends before its compressed stream does.
  virtual std::size_t read(char* out, std::size_t size) = 0;
};

/// Opens `file`. UserError when it is missing, or named .gz / .zst and is not.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& file);

}  // namespace r1::data
