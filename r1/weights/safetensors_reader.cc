// Opening checks everything; afterwards a load is one lookup and one view. Shards are mapped once and shared by their
// tensors.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/weights/mapped_file.h"
#include "r1/weights/safetensors.h"

namespace r1::weights {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kSingleName = "model.safetensors";
constexpr const char* kIndexName = "model.safetensors.index.json";

/// The file to open for what the user named.
fs::path resolve(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  const bool single = fs::exists(path / kSingleName);
  const bool index = fs::exists(path / kIndexName);
  if (single && index) {
    user_error("{}: holds both {} and {}; remove the one that is out of date", path.string(), kSingleName, kIndexName);
  }
  if (!single && !index) user_error("{}: holds neither {} nor {}", path.string(), kSingleName, kIndexName);
  return path / (single ? kSingleName : kIndexName);
}

/// weight_map of an index: tensor name -> file name. UserError unless every value is a plain file name.
std::map<std::string, std::string> read_weight_map(const fs::path& index) {
  const std::string text = core::read_file(index);
  core::check_json_depth(text, index.string());
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    user_error("{}: no JSON object with a weight_map; the file is damaged", index.string());
  }
  std::map<std::string, std::string> out;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || fs::path(name).filename() != name || name == "." || name == "..") {
      user_error("{}: tensor '{}': its file must be a plain file name beside the index", index.string(), tensor);
    }
    out[tensor] = name;
  }
  return out;
}

}  // namespace

SafetensorsReader::SafetensorsReader(const fs::path& path) : path_(resolve(path)) {
  if (path_.extension() == ".json") {
    open_index(path_);
  } else {
    open_file(path_);
  }
}

std::vector<std::string> SafetensorsReader::open_file(const fs::path& file) {
  const auto mapped = std::make_shared<MappedFile>(file);
  SafetensorsHeader header = parse_safetensors_header(mapped->bytes(), file.string());
  std::vector<std::string> added;
  for (auto& [name, info] : header.tensors) {
    if (!entries_.try_emplace(name, Entry{std::move(info), mapped}).second) {
      user_error("{}: tensor '{}' stands in an earlier shard too; remove one of them", file.string(), name);
    }
    added.push_back(name);
  }
  metadata_.merge(header.metadata);
  return added;
}

void SafetensorsReader::open_index(const fs::path& index) {
  const std::map<std::string, std::string> weight_map = read_weight_map(index);
  std::set<std::string> files;
  for (const auto& [tensor, file] : weight_map) files.insert(file);
  for (const std::string& file : files) {
    for (const std::string& name : open_file(index.parent_path() / file)) {
      const auto listed = weight_map.find(name);
      if (listed == weight_map.end() || listed->second != file) {
        user_error("{}: does not list tensor '{}' of {}; index and shards do not belong together", index.string(), name,
                   file);
      }
    }
  }
  for (const auto& [tensor, file] : weight_map) {
    if (!contains(tensor))
      user_error("{}: tensor '{}' is not in {}; fetch the shard again", index.string(), tensor, file);
  }
}

std::vector<std::string> SafetensorsReader::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

const SafetensorsReader::Entry& SafetensorsReader::find(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) user_error("{}: holds no tensor '{}'", path_.string(), name);
  return found->second;
}

at::Tensor SafetensorsReader::load(const std::string& name) const {
  const Entry& entry = find(name);
  const TensorInfo& info = entry.info;
  const at::TensorOptions options = at::TensorOptions().dtype(info.dtype);
  char* begin = entry.file->data() + info.begin;
  const std::size_t bytes = info.end - info.begin;
  const bool aligned = reinterpret_cast<std::uintptr_t>(begin) % c10::elementSize(info.dtype) == 0;
  if (bytes != 0 && aligned) {
    return at::from_blob(begin, info.shape, [file = entry.file](void*) {}, options);
  }
  at::Tensor copy = at::empty(info.shape, options);
  if (bytes != 0) std::memcpy(copy.data_ptr(), begin, bytes);
  return copy;
}

}  // namespace r1::weights
