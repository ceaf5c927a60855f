// mmap with MAP_PRIVATE and write permission: tensors that view the bytes may be changed in place, the file never is.
#include "r1/weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "r1/core/error.h"

namespace r1::weights {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
  user_error("can't read {}: {}", file.string(), std::generic_category().message(error));
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(file, errno);
  struct stat info{};
  int error = fstat(fd, &info) == 0 ? 0 : errno;
  if (error == 0 && S_ISDIR(info.st_mode)) error = EISDIR;
  if (error == 0 && !S_ISREG(info.st_mode)) error = EINVAL;
  if (error == 0 && info.st_size > 0) {
    size_ = static_cast<std::size_t>(info.st_size);
    void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (mapped == MAP_FAILED) {
      error = errno;
    } else {
      data_ = static_cast<char*>(mapped);
    }
  }
  close(fd);
  if (error != 0) fail(file, error);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace r1::weights
