// Reads little-endian numbers and strings off the front of a file's bytes; whatever would reach past the end is a
// UserError that names file, byte and what was being read. It allocates nothing. For gguf_header.cc only.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "r1/core/error.h"

namespace r1::weights {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are copied as they lie in the file");

class GgufCursor {
 public:
  GgufCursor(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t rest() const { return bytes_.size() - position_; }
  const std::string& file() const { return file_; }

  /// A number of type T; `where` says what is being read.
  template <class T>
  T number(const std::string& where) {
    T value;
    const std::string_view bytes = take(sizeof(T), where);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  /// A string: a u64 length and that many bytes. UserError when it is longer than `longest`.
  std::string_view text(const std::string& where, std::uint64_t longest = UINT64_MAX) {
    const auto length = number<std::uint64_t>(where);
    if (length > rest() || length > longest) {
      user_error("{}: {}: a string of {} bytes at byte {}, but {} follow{}; the file is cut off or damaged", file_,
                 where, length, position_, rest(),
                 longest == UINT64_MAX ? "" : fmt::format(" (at most {} are accepted)", longest));
    }
    return take(length, where);
  }

  /// The next `size` bytes.
  std::string_view take(std::uint64_t size, const std::string& where) {
    if (size > rest()) {
      user_error("{}: {}: needs {} bytes at byte {}, but {} follow; the file is cut off or damaged", file_, where, size,
                 position_, rest());
    }
    const std::string_view out = bytes_.substr(position_, size);
    position_ += size;
    return out;
  }

 private:
  std::string_view bytes_;
  const std::string& file_;
  std::uint64_t position_ = 0;
};

}  // namespace r1::weights
