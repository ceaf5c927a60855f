// A file that grows piece by piece under the name `<file>.partial` and gets its own name when it is finished: for
// checkpoints too long to be put together in memory. What is not finished is removed. It locks nothing.
#pragma once

#include <filesystem>
#include <string_view>

namespace r1::weights {

class PartialFile {
 public:
  /// Removes a remainder of that name.
  explicit PartialFile(const std::filesystem::path& file);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// UserError when the disk is full.
  void append(std::string_view bytes);
  /// On the disk, under its own name.
  void finish();

 private:
  std::filesystem::path file_, partial_;
  bool finished_ = false;
};

}  // namespace r1::weights
