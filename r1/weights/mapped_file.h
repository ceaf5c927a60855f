// A whole file mapped into memory, private to this process: writing to the bytes never reaches the file (copy on
// write). Whoever cuts the file short while it is mapped kills the process at the next read (SIGBUS); replacing it by a
// rename is safe. It is no cache and does not read ahead.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace r1::weights {

class MappedFile {
 public:
  /// Maps `file`; UserError when it is missing, unreadable or no regular file. An empty file gives no bytes.
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace r1::weights
