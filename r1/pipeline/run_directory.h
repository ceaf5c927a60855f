// A run directory: run.json (whose it is), recipe.yaml (the recipe as it was given, resolved), one directory a stage,
// metrics beside them, changes.json where a condition changed the recipe (condition.h). What the stages' directories
// hold is manifest.h's matter.
#pragma once

#include <filesystem>
#include <string>

namespace r1::pipeline {

/// UserError when `path` is a file, belongs to another recipe (both are named) or holds other things. Returns whether
/// it is a run directory of this recipe already. Writes nothing.
bool is_run_directory_of(const std::filesystem::path& path, const std::string& recipe_name);

/// A run directory that this process alone uses.
class RunDirectory {
 public:
  /// Makes the directory, or takes over one that an earlier run of the same recipe left. `resolved` is the recipe as
  /// YAML. UserError as is_run_directory_of, or when it is in use by another process.
  RunDirectory(std::filesystem::path path, const std::string& recipe_name, const std::string& resolved);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::string& recipe() const { return recipe_; }

 private:
  std::filesystem::path path_;
  std::string recipe_;
  int lock_ = -1;
};

}  // namespace r1::pipeline
