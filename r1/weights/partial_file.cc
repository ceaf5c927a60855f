// Pieces are appended without waiting for the disk; finish() waits once (partial_file.h).
#include "r1/weights/partial_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::weights {

namespace {

namespace fs = std::filesystem;

/// So that the new name survives a loss of power.
void sync_folder_of(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int fd = open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!synced) user_error("can't write {} to disk: {}", folder.string(), std::generic_category().message(error));
}

}  // namespace

PartialFile::PartialFile(const fs::path& file) : file_(file), partial_(fs::path(file).concat(".partial")) {
  std::error_code ignored;  // a remainder that can't be removed fails at the next append
  fs::remove(partial_, ignored);
}

PartialFile::~PartialFile() {
  std::error_code ignored;
  if (!finished_) fs::remove(partial_, ignored);
}

void PartialFile::append(std::string_view bytes) {
  if (!bytes.empty()) core::append_file(partial_, bytes, core::Sync::Later);
}

void PartialFile::finish() {
  core::append_file(partial_, "", core::Sync::Now);
  std::error_code error;
  fs::rename(partial_, file_, error);
  if (error) user_error("can't write {}: {}", file_.string(), error.message());
  finished_ = true;
  sync_folder_of(file_);
}

}  // namespace r1::weights
