// Everything is compared by content. A resolved configuration is YAML as core::dump_config writes it: keys are indented
// below their struct's key.
#include "r1/pipeline/stage_work.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/hash.h"

namespace r1::pipeline {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

/// Line `place` without its indentation, behind the keys of the structs around it; "nothing" behind the last line.
std::string full_line(const std::vector<std::string>& lines, std::size_t place) {
  if (place >= lines.size()) return "nothing";
  std::size_t indent = std::min(lines[place].find_first_not_of(' '), lines[place].size());
  std::string text = lines[place].substr(indent);
  for (std::size_t above = place; above-- > 0 && indent > 0;) {
    const std::size_t column = lines[above].find_first_not_of(' ');
    if (column == std::string::npos || column >= indent || !lines[above].ends_with(':')) continue;
    text = lines[above].substr(column, lines[above].size() - column - 1) + "." + text;
    indent = column;
  }
  return text;
}

/// Of the first input that is not what the manifest says; "" when all are.
std::string changed_input(const Manifest& found, const Manifest& planned) {
  for (const InputRecord& input : planned.inputs)
    if (std::find(found.inputs.begin(), found.inputs.end(), input) == found.inputs.end())
      return fmt::format("input {} {}", input.path, input.hash.empty() ? "is missing" : "changed");
  return found.inputs.size() != planned.inputs.size() ? "it reads other inputs" : "";
}

}  // namespace

void write_started(const fs::path& directory, const StartedWork& work) {
  core::write_file_atomic(directory / kStartedFile,
                          Json{{"identity", work.identity}, {"started", work.started}}.dump() + "\n");
}

std::optional<StartedWork> read_started(const fs::path& directory) {
  const fs::path file = directory / kStartedFile;
  if (!fs::exists(file) || fs::exists(directory / kManifestFile)) return std::nullopt;
  const Json json = Json::parse(core::read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("identity") || !json["identity"].is_string() || !json.contains("started") ||
      !json["started"].is_number())
    return std::nullopt;
  return StartedWork{json["identity"].get<std::string>(), json["started"].get<double>()};
}

Manifest planned_manifest(const Stage& stage, const std::string& recipe, const fs::path& run) {
  Manifest manifest;
  manifest.stage = stage.name();
  manifest.recipe = recipe;
  manifest.config = stage.config();
  manifest.config_hash = core::hash_hex(manifest.config);
  manifest.code_version = kCodeVersion;
  for (const StageInput& input : stage.inputs(run))
    manifest.inputs.push_back({input.name, fs::exists(input.path) ? hash_path(input.path) : ""});
  return manifest;
}

std::string identity_of(const Manifest& manifest) {
  std::string text = manifest.recipe + "\n" + manifest.config_hash + "\n";
  for (const InputRecord& input : manifest.inputs) text += input.path + " " + input.hash + "\n";
  return core::hash_hex(text);
}

WorkFinding find_work(const fs::path& directory, const Manifest& planned) {
  std::optional<Manifest> found = read_manifest(directory);
  if (!found) {
    const std::optional<StartedWork> started = read_started(directory);
    if (!started) return {.state = WorkState::New, .why = "new", .found = {}};
    const bool same = started->identity == identity_of(planned);
    return {.state = WorkState::Unfinished, .why = same ? "unfinished" : "unfinished, for other work", .found = {}};
  }
  if (found->recipe != planned.recipe || found->stage != planned.stage)
    user_error(
        "{}: belongs to stage {} of recipe {}, not to stage {} of recipe {}; give another run directory by --out",
        directory.string(), found->stage, found->recipe, planned.stage, planned.recipe);
  if (check_outputs(directory, *found) == OutputState::Missing)
    return {.state = WorkState::OutputMissing, .why = "an output is missing", .found = std::move(found)};
  if (found->config_hash != planned.config_hash)
    return {.state = WorkState::ConfigChanged,
            .why = "its configuration changed: " + first_difference(found->config, planned.config),
            .found = std::move(found)};
  const std::string input = changed_input(*found, planned);
  return {
      .state = input.empty() ? WorkState::Complete : WorkState::InputChanged, .why = input, .found = std::move(found)};
}

std::string first_difference(const std::string& before, const std::string& now) {
  const std::vector<std::string> old_lines = lines_of(before), new_lines = lines_of(now);
  std::size_t place = 0;
  while (place < old_lines.size() && place < new_lines.size() && old_lines[place] == new_lines[place]) ++place;
  const std::string was = full_line(old_lines, place), is = full_line(new_lines, place);
  const std::size_t colon = is.find(": ");
  const bool same_key = colon != std::string::npos && was.compare(0, colon + 2, is, 0, colon + 2) == 0;
  return was + " -> " + (same_key ? is.substr(colon + 2) : is);
}

}  // namespace r1::pipeline
