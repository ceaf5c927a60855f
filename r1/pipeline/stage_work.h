// Is what lies in a stage's directory what the stage would write now? A stage is decided by its recipe's name, its own
// resolved configuration and the bytes of its inputs; neither by places nor by times. It runs nothing: orchestrator.h
// acts on the answer, plan.h prints it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "r1/pipeline/manifest.h"
#include "r1/pipeline/stage.h"

namespace r1::pipeline {

/// A stage that starts leaves started.json in its directory: which work it is, and since when.
struct StartedWork {
  std::string identity;
  double started = 0.0;  // seconds since 1970
};
inline constexpr const char* kStartedFile = "started.json";
void write_started(const std::filesystem::path& directory, const StartedWork& work);
/// Nothing when there is none, or when the stage was finished.
std::optional<StartedWork> read_started(const std::filesystem::path& directory);

/// The manifest that the stage would write now, as far as it is known before it runs. The hash of an input that is not
/// there is empty.
Manifest planned_manifest(const Stage& stage, const std::string& recipe, const std::filesystem::path& run);

/// What decides a stage's outputs, as one hash.
std::string identity_of(const Manifest& manifest);

enum class WorkState { Complete, New, Unfinished, OutputMissing, ConfigChanged, InputChanged };
struct WorkFinding {
  WorkState state = WorkState::New;
  std::string why;                // one phrase: "its configuration changed: steps: 10 -> 20"; empty when complete
  std::optional<Manifest> found;  // of what lies there
};
/// Compares a stage's directory with what the stage would do. UserError when the directory belongs to another recipe or
/// stage, when its manifest was edited, or an output was.
WorkFinding find_work(const std::filesystem::path& directory, const Manifest& planned);

/// The first line in which two YAML texts differ, with the keys that it stands under: "optimizer.warmup_steps: 5 ->
/// 10".
std::string first_difference(const std::string& before, const std::string& now);

}  // namespace r1::pipeline
