// manifest.json as ordered JSON. manifest_hash is taken over the compact text of all other keys, so that an edit
// anywhere is seen. Files are compared by content, never by time.
#include "r1/pipeline/manifest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/hash.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kFormat = 1;

Json to_json(const Manifest& manifest) {
  Json json;
  json["format"] = kFormat;
  json["stage"] = manifest.stage;
  json["recipe"] = manifest.recipe;
  json["code_version"] = manifest.code_version;
  json["seconds"] = manifest.seconds;
  json["config_hash"] = manifest.config_hash;
  json["inputs"] = Json::array();
  for (const InputRecord& input : manifest.inputs)
    json["inputs"].push_back({{"path", input.path}, {"hash", input.hash}});
  json["outputs"] = Json::array();
  for (const OutputRecord& output : manifest.outputs)
    json["outputs"].push_back({{"path", output.path}, {"hash", output.hash}, {"bytes", output.bytes}});
  json["metrics"] = Json::object();
  for (const auto& [name, value] : manifest.metrics)
    json["metrics"][name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  json["config"] = manifest.config;
  return json;
}

Manifest from_json(const Json& json) {
  Manifest manifest;
  manifest.stage = json.at("stage").get<std::string>();
  manifest.recipe = json.at("recipe").get<std::string>();
  manifest.code_version = json.at("code_version").get<std::string>();
  manifest.seconds = json.at("seconds").get<double>();
  manifest.config_hash = json.at("config_hash").get<std::string>();
  for (const Json& input : json.at("inputs"))
    manifest.inputs.push_back({input.at("path").get<std::string>(), input.at("hash").get<std::string>()});
  for (const Json& output : json.at("outputs"))
    manifest.outputs.push_back({output.at("path").get<std::string>(), output.at("hash").get<std::string>(),
                                output.at("bytes").get<std::uint64_t>()});
  for (const auto& [name, value] : json.at("metrics").items())
    manifest.metrics.emplace_back(name, value.is_null() ? std::nan("") : value.get<double>());
  manifest.config = json.at("config").get<std::string>();
  return manifest;
}

/// Regular files under `path` (itself, when it is one), sorted by name.
std::vector<fs::path> files_under(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

void write_manifest(const fs::path& directory, const Manifest& manifest) {
  Json json = to_json(manifest);
  json["manifest_hash"] = core::hash_hex(json.dump());
  core::write_file_atomic(directory / kManifestFile, json.dump(2) + "\n");
}

std::optional<Manifest> read_manifest(const fs::path& directory) {
  const fs::path file = directory / kManifestFile;
  if (!fs::exists(file)) return std::nullopt;
  const std::string advice = fmt::format("delete {} to run the stage again", directory.string());
  try {
    Json json = Json::parse(core::read_file(file));
    if (json.at("format").get<std::int64_t>() != kFormat)
      user_error("{}: format {} is not {}, the one this program reads; {}", file.string(), json.at("format").dump(),
                 kFormat, advice);
    const std::string hash = json.at("manifest_hash").get<std::string>();
    json.erase("manifest_hash");
    if (core::hash_hex(json.dump()) != hash)
      user_error("{}: was edited after its stage wrote it (manifest_hash does not fit); {}", file.string(), advice);
    return from_json(json);
  } catch (const Json::exception& e) {
    user_error("{}: is no manifest ({}); {}", file.string(), e.what(), advice);
  }
}

std::string hash_path(const fs::path& path) {
  if (!fs::exists(path)) user_error("{}: there is no such file or folder", path.string());
  if (!fs::is_directory(path)) return core::hash_file(path);
  std::string lines;
  for (const fs::path& file : files_under(path))
    lines += fmt::format("{} {}\n", core::hash_file(file), file.lexically_relative(path).generic_string());
  return core::hash_hex(lines);
}

std::vector<OutputRecord> record_outputs(const fs::path& directory, const std::vector<std::string>& names) {
  std::vector<OutputRecord> records;
  for (const std::string& name : names) {
    R1_CHECK(fs::exists(directory / name), "a stage did not write {} in {}", name, directory.string());
    for (const fs::path& file : files_under(directory / name))
      records.push_back(
          {file.lexically_relative(directory).generic_string(), core::hash_file(file), fs::file_size(file)});
  }
  return records;
}

OutputState check_outputs(const fs::path& directory, const Manifest& manifest) {
  for (const OutputRecord& output : manifest.outputs) {
    const fs::path file = directory / output.path;
    if (!fs::exists(file)) return OutputState::Missing;
    if (fs::file_size(file) != output.bytes || core::hash_file(file) != output.hash)
      user_error("{}: was changed after stage {} wrote it; restore it, or delete {} to run the stage again",
                 file.string(), manifest.stage, directory.string());
  }
  return OutputState::Intact;
}

}  // namespace r1::pipeline
