// The lock is an flock: it is gone with its process, however that ended.
#include "r1/pipeline/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kRecipeFile = "recipe.yaml";
constexpr const char* kRunFile = "run.json";  // {"format":1,"recipe":"zero_mini"}
constexpr const char* kLockFile = "lock";

std::string owner_of(const fs::path& run_file) {
  const Json json = Json::parse(core::read_file(run_file), nullptr, false);
  if (!json.is_object() || !json.contains("recipe") || !json["recipe"].is_string())
    user_error("{}: does not name a recipe; is {} a run directory?", run_file.string(),
               run_file.parent_path().string());
  return json["recipe"].get<std::string>();
}

int lock_file(const fs::path& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) user_error("can't write in {}: is it yours, and not read-only?", file.parent_path().string());
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  user_error("{}: another r1 process is using this run directory; wait for it, or give another one by --out",
             file.parent_path().string());
}

}  // namespace

bool is_run_directory_of(const fs::path& path, const std::string& recipe_name) {
  if (!fs::exists(path)) return false;
  if (!fs::is_directory(path)) user_error("{}: is a file, not a run directory", path.string());
  if (fs::exists(path / kRunFile)) {
    const std::string owner = owner_of(path / kRunFile);
    if (owner != recipe_name)
      user_error("{}: belongs to recipe {}, not to recipe {}; give another run directory by --out", path.string(),
                 owner, recipe_name);
    return true;
  }
  if (!fs::is_empty(path))
    user_error("{}: is not empty and no run directory (it has no {}); give another one by --out", path.string(),
               kRunFile);
  return false;
}

RunDirectory::RunDirectory(fs::path path, const std::string& recipe_name, const std::string& resolved)
    : path_(std::move(path)), recipe_(recipe_name) {
  if (!is_run_directory_of(path_, recipe_name))
    core::write_file_atomic(path_ / kRunFile, Json{{"format", 1}, {"recipe", recipe_name}}.dump() + "\n");
  lock_ = lock_file(path_ / kLockFile);
  core::write_file_atomic(path_ / kRecipeFile, resolved);
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) close(lock_);
}

}  // namespace r1::pipeline
