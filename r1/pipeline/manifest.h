// manifest.json of a stage's directory (docs/formats.md): what a stage was given, what it wrote, under which
// configuration. Stages meet only through directories that carry one. It is written last, atomically: a directory
// without it is unfinished. It knows no stage and no recipe; the graph of stages is graph.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace r1::pipeline {

/// Figures of a stage; one that is not finite (of nothing: no held-out problem in the headline) is null in the file,
/// NaN here.
using Metrics = std::vector<std::pair<std::string, double>>;

/// A file or folder a stage read. `path` is relative to the run directory ("corpus/corpus.jsonl"), or, for what lies
/// outside of it, a name that does not say where ("countdown/test_500.jsonl"): a run directory can be moved, and so can
/// the data.
struct InputRecord {
  std::string path;
  std::string hash;
  bool operator==(const InputRecord&) const = default;
};

/// A file a stage wrote, relative to its directory.
struct OutputRecord {
  std::string path;
  std::string hash;
  std::uint64_t bytes = 0;
  bool operator==(const OutputRecord&) const = default;
};

struct Manifest {
  std::string stage;
  std::string recipe;
  std::string config;  // resolved configuration (YAML) of everything that decides the outputs
  std::string config_hash;  // of `config`
  std::vector<InputRecord> inputs;
  std::vector<OutputRecord> outputs;
  Metrics metrics;
  double seconds = 0.0;  // from the stage's first start to its end, time between a kill and the resume included
  std::string code_version;  // of the program that wrote it
};

inline constexpr const char* kManifestFile = "manifest.json";
inline constexpr const char* kCodeVersion = "0.1.0";

/// Writes directory/manifest.json atomically, with a hash over its own content.
void write_manifest(const std::filesystem::path& directory, const Manifest& manifest);

/// The manifest of a stage's directory; nothing when there is none. UserError when it can't be read, has another format
/// version or was edited (its own hash does not fit).
std::optional<Manifest> read_manifest(const std::filesystem::path& directory);

/// Hash of a file, or of a folder's files (relative names and contents, sorted). UserError when there is neither.
std::string hash_path(const std::filesystem::path& path);

/// One record a file for the files and folders `names` of `directory`. Error when one is missing: a stage that did not
/// write what it promised.
std::vector<OutputRecord> record_outputs(const std::filesystem::path& directory, const std::vector<std::string>& names);

enum class OutputState { Intact, Missing };
/// Compares the files of a stage's directory with its manifest. UserError naming the file when one was changed since.
OutputState check_outputs(const std::filesystem::path& directory, const Manifest& manifest);

}  // namespace r1::pipeline
