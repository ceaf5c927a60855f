// A stage that starts leaves started.json in its directory: the identity of the work (recipe, configuration, inputs). A
// later process resumes from r1_state/ only when that identity is its own; otherwise the directory is emptied first.
#include "r1/pipeline/orchestrator.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/hash.h"
#include "r1/core/log.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kRecipeFile = "recipe.yaml";
constexpr const char* kRunFile = "run.json";  // {"format":1,"recipe":"zero_mini"}: whose directory it is
constexpr const char* kLockFile = "lock";
constexpr const char* kStartedFile = "started.json";

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

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

/// What decides a stage's outputs, as one hash.
std::string identity_of(const Manifest& manifest) {
  std::string text = manifest.recipe + "\n" + manifest.config_hash + "\n";
  for (const InputRecord& input : manifest.inputs) text += input.path + " " + input.hash + "\n";
  return core::hash_hex(text);
}

Manifest planned_manifest(const Stage& stage, const RunDirectory& directory) {
  Manifest manifest;
  manifest.stage = stage.name();
  manifest.recipe = directory.recipe();
  manifest.config = stage.config();
  manifest.config_hash = core::hash_hex(manifest.config);
  manifest.code_version = kCodeVersion;
  for (const StageInput& input : stage.inputs(directory.path()))
    manifest.inputs.push_back({input.name, hash_path(input.path)});
  return manifest;
}

/// Why `stage` has to run, or "" when what is there is complete and unchanged.
std::string reason_to_run(const fs::path& directory, const Manifest& planned, std::optional<Manifest>& found) {
  found = read_manifest(directory);
  if (!found) return fs::exists(directory / kStartedFile) ? "unfinished" : "new";
  if (found->recipe != planned.recipe || found->stage != planned.stage)
    user_error(
        "{}: belongs to stage {} of recipe {}, not to stage {} of recipe {}; give another run directory by --out",
        directory.string(), found->stage, found->recipe, planned.stage, planned.recipe);
  if (check_outputs(directory, *found) == OutputState::Missing) return "an output is missing";
  if (found->config_hash != planned.config_hash) return "its configuration changed";
  for (const InputRecord& input : planned.inputs)
    if (std::find(found->inputs.begin(), found->inputs.end(), input) == found->inputs.end())
      return input.path + " changed";
  return found->inputs.size() != planned.inputs.size() ? "its inputs changed" : "";
}

/// Empties the directory unless it holds an unfinished run of just this work; returns when that work was started.
double start_stage(const fs::path& directory, const std::string& identity) {
  const fs::path file = directory / kStartedFile;
  if (fs::exists(file) && !fs::exists(directory / kManifestFile)) {
    const Json started = Json::parse(core::read_file(file), nullptr, false);
    if (!started.is_discarded() && started.value("identity", "") == identity)
      return started.value("started", now_seconds());
  }
  // The manifest goes first: a kill during the removal must not leave it beside half of its outputs.
  fs::remove(directory / kManifestFile);
  fs::remove_all(directory);
  const double started = now_seconds();
  core::write_file_atomic(file, Json{{"identity", identity}, {"started", started}}.dump() + "\n");
  return started;
}

StageOutcome run_stage(const Stage& stage, const RunDirectory& directory, core::MetricSink& metrics) {
  const fs::path place = directory.path() / stage.name();
  Manifest planned = planned_manifest(stage, directory);
  std::optional<Manifest> found;
  const std::string reason = reason_to_run(place, planned, found);
  if (reason.empty()) {
    R1_LOG(info, "stage {} is complete and unchanged", stage.name());
    fs::remove(place / kStartedFile);
    return {.manifest = *found, .ran = false};
  }
  R1_LOG(info, "stage {} runs ({})", stage.name(), reason);
  const double started = start_stage(place, identity_of(planned));
  const StageContext context{.run = directory.path(), .directory = place, .metrics = &metrics};
  if (!fs::exists(context.state())) metrics.rewind(stage.name(), 0);
  planned.metrics = stage.run(context);
  planned.outputs = record_outputs(place, stage.outputs());
  planned.seconds = std::max(0.0, now_seconds() - started);
  fs::remove_all(context.state());
  write_manifest(place, planned);
  fs::remove(place / kStartedFile);
  R1_LOG(info, "stage {} is done after {:.1f} s", stage.name(), planned.seconds);
  return {.manifest = std::move(planned), .ran = true};
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, const std::string& recipe_name, const std::string& resolved)
    : path_(std::move(path)), recipe_(recipe_name) {
  if (fs::exists(path_) && !fs::is_directory(path_)) user_error("{}: is a file, not a run directory", path_.string());
  const fs::path run_file = path_ / kRunFile;
  if (fs::exists(run_file)) {
    const std::string owner = owner_of(run_file);
    if (owner != recipe_name)
      user_error("{}: belongs to recipe {}, not to recipe {}; give another run directory by --out", path_.string(),
                 owner, recipe_name);
  } else if (fs::exists(path_) && !fs::is_empty(path_)) {
    user_error("{}: is not empty and no run directory (it has no {}); give another one by --out", path_.string(),
               kRunFile);
  } else {
    core::write_file_atomic(run_file, Json{{"format", 1}, {"recipe", recipe_name}}.dump() + "\n");
  }
  lock_ = lock_file(path_ / kLockFile);
  core::write_file_atomic(path_ / kRecipeFile, resolved);
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) close(lock_);
}

void check_outside_inputs(const StageList& stages, const fs::path& run) {
  for (const auto& stage : stages)
    for (const StageInput& input : stage->inputs(run))
      if (input.outside && !fs::exists(input.path))
        user_error("stage {}: there is no {} (for {})", stage->name(), input.path.string(), input.name);
}

std::vector<StageOutcome> run_stages(const StageList& stages, const RunDirectory& directory,
                                     core::MetricSink& metrics) {
  std::vector<StageOutcome> outcomes;
  for (const auto& stage : stages) outcomes.push_back(run_stage(*stage, directory, metrics));
  return outcomes;
}

}  // namespace r1::pipeline
