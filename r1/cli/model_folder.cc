// The conversion's folder appears whole or not at all; a lock beside it keeps others from doing it twice
// (model_folder.h).
#include "r1/cli/model_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

#include "r1/cli/convert_model.h"
#include "r1/core/error.h"
#include "r1/core/hash.h"
#include "r1/model/adapter_config.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kFormVersion = 1;  // raised when a conversion gives other files than before

fs::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "r1/models";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0')
    user_error("neither XDG_CACHE_HOME nor HOME is set: convert the file with r1 convert and name the folder");
  return fs::path(home) / ".cache/r1/models";
}

std::string identity(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) user_error("can't read {}: {}", file.string(), error.message());
  const auto changed = fs::last_write_time(file, error).time_since_epoch().count();
  if (error) user_error("can't read {}: {}", file.string(), error.message());
  return fmt::format("{}\n{}\n{}\n{}", fs::canonical(file).string(), size, changed, kFormVersion);
}

/// Held until the process ends it or this goes out of scope.
class Lock {
 public:
  explicit Lock(const fs::path& file) : fd_(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ < 0 || flock(fd_, LOCK_EX) != 0)
      user_error("can't lock {}: {}", file.string(), std::generic_category().message(errno));
  }
  ~Lock() { close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

}  // namespace

fs::path model_folder(const fs::path& path) {
  if (path.extension() != ".gguf" || fs::is_directory(path)) return path;
  const fs::path cache = cache_folder();
  const fs::path folder =
      cache / fmt::format("{}-{}", path.stem().string(), core::hash_hex(identity(path)).substr(0, 16));
  std::error_code error;
  fs::create_directories(cache, error);
  if (error) user_error("can't make the folder {}: {}", cache.string(), error.message());
  const Lock lock(fs::path(folder).concat(".lock"));
  if (fs::exists(folder)) return folder;
  std::fprintf(stderr, "r1: converting %s into %s (once)\n", path.c_str(), folder.c_str());
  convert_model(path, folder, {});
  return folder;
}

ModelSource model_source(const fs::path& path, const std::string& adapter) {
  if (!model::is_adapter_folder(path)) return {model_folder(path), adapter};
  if (!adapter.empty())
    user_error("{}: is an adapter, not a model; name its base in that place, or leave --adapter out", path.string());
  const std::string base = model::read_peft_config(path).base_model;
  for (const fs::path& place : {fs::path(base), path / base})
    if (!base.empty() && fs::exists(place)) return {model_folder(place), path};
  user_error("{}: its base_model_name_or_path '{}' is no folder here; name the base and give --adapter {}",
             (path / model::kAdapterConfigFile).string(), base, path.string());
}

}  // namespace r1::cli
