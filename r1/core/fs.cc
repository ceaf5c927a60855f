// POSIX calls throughout: iostreams can't fsync and lose errno. A directory is replaced by one exchange of names
// (renameat2); file systems without it get two renames, with a moment between them in which only `.partial` is there.
// It is no cache and locks nothing.
#include "r1/core/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "r1/core/error.h"

namespace r1::core {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* action, const fs::path& path, int error) {
  user_error("can't {} {}: {}", action, path.string(), std::generic_category().message(error));
}

class Fd {
 public:
  Fd(const char* action, const fs::path& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(action, path, errno);
  }
  ~Fd() { close(fd_); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// 0, or the errno of the write that failed.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void sync_path(const fs::path& path, int flags) {
  const Fd fd("open", path, O_RDONLY | flags);
  if (fsync(fd.get()) != 0) fail("write to disk", path, errno);
}

fs::path parent_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// "a/b/" and "a/b" name the same entry "b" of "a".
fs::path without_trailing_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

void make_parent(const fs::path& path) {
  std::error_code error;
  fs::create_directories(parent_of(path), error);
  if (error) fail("make the folder of", path, error.value());
}

void sync_tree(const fs::path& directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_symlink()) continue;
    if (entry.is_directory()) sync_path(entry.path(), O_DIRECTORY);
    if (entry.is_regular_file()) sync_path(entry.path(), 0);
  }
  sync_path(directory, O_DIRECTORY);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail("remove", path, error.value());
}

/// Puts `fresh` where `target` stands and removes what was there.
void replace_directory(const fs::path& fresh, const fs::path& target) {
  if (rename(fresh.c_str(), target.c_str()) == 0) return;  // nothing there, or an empty folder
  if (errno != ENOTEMPTY && errno != EEXIST) fail("rename the finished folder to", target, errno);
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    sync_path(parent_of(target), O_DIRECTORY);
    return remove_tree(fresh);  // holds the old content now
  }
  if (errno != EINVAL && errno != ENOSYS) fail("rename the finished folder to", target, errno);
  const fs::path old = fs::path(target).concat(".replaced");
  remove_tree(old);
  if (rename(target.c_str(), old.c_str()) != 0) fail("move aside", target, errno);
  if (rename(fresh.c_str(), target.c_str()) != 0) {
    const int error = errno;
    rename(old.c_str(), target.c_str());
    fail("rename the finished folder to", target, error);
  }
  sync_path(parent_of(target), O_DIRECTORY);
  remove_tree(old);
}

}  // namespace

std::string read_file(const fs::path& file) {
  const Fd fd("read", file, O_RDONLY);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0) fail("read", file, errno);
  std::string bytes;
  std::size_t filled = 0;
  while (true) {
    // The size is a hint only: /proc files say 0. One byte more than it lets the end be seen without a second buffer.
    if (filled == bytes.size()) bytes.resize(filled == 0 ? static_cast<std::size_t>(info.st_size) + 1 : 2 * filled);
    const ssize_t got = read(fd.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", file, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

void write_file_atomic(const fs::path& file, std::string_view bytes) {
  make_parent(file);
  const fs::path partial = fs::path(file).concat(".partial");
  int error = 0;
  {
    const Fd fd("write", partial, O_WRONLY | O_CREAT | O_TRUNC);
    error = write_all(fd.get(), bytes);
    if (error == 0 && fsync(fd.get()) != 0) error = errno;
  }
  if (error == 0 && rename(partial.c_str(), file.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(partial.c_str());
    fail("write", file, error);
  }
  sync_path(parent_of(file), O_DIRECTORY);
}

void write_directory_atomic(const fs::path& directory, const std::function<void(const fs::path&)>& fill) {
  const fs::path target = without_trailing_slash(directory);
  const fs::path partial = fs::path(target).concat(".partial");
  make_parent(target);
  remove_tree(partial);
  try {
    if (mkdir(partial.c_str(), 0777) != 0) fail("make the folder", partial, errno);
    fill(partial);
    sync_tree(partial);
    replace_directory(partial, target);
  } catch (...) {
    std::error_code ignored;  // the first failure is the one to report
    fs::remove_all(partial, ignored);
    throw;
  }
  sync_path(parent_of(target), O_DIRECTORY);
}

void append_file(const fs::path& file, std::string_view bytes, Sync sync) {
  make_parent(file);
  const Fd fd("append to", file, O_WRONLY | O_CREAT | O_APPEND);
  struct stat before{};
  if (fstat(fd.get(), &before) != 0) fail("append to", file, errno);
  const bool is_file = S_ISREG(before.st_mode);  // a pipe or a device can neither be cut back nor fsynced
  int error = write_all(fd.get(), bytes);
  if (error == 0 && is_file && sync == Sync::Now && fsync(fd.get()) != 0) error = errno;
  if (error != 0) {
    if (is_file && ftruncate(fd.get(), before.st_size) != 0) fail("cut back the half-written end of", file, errno);
    fail("append to", file, error);
  }
  const bool may_be_new = is_file && before.st_size == 0;
  if (may_be_new && sync == Sync::Now) sync_path(parent_of(file), O_DIRECTORY);
}

void truncate_file(const fs::path& file, std::uint64_t size) {
  const Fd fd("truncate", file, O_WRONLY);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0) fail("truncate", file, errno);
  if (static_cast<std::uint64_t>(info.st_size) < size) {
    user_error("can't cut {} back to {} bytes: it holds only {}; it was changed from outside", file.string(), size,
               info.st_size);
  }
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0 || fsync(fd.get()) != 0) fail("truncate", file, errno);
}

}  // namespace r1::core
