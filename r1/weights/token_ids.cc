// Token ids of a folder (token_ids.h).
#include "r1/weights/token_ids.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"

namespace r1::weights {

namespace {

/// The ids under `key` of the first file that has some; none: empty.
std::vector<std::int32_t> ids_of(const std::filesystem::path& folder, const std::string& key) {
  for (const char* name : {"generation_config.json", "config.json"}) {
    const std::filesystem::path file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    const std::string text = core::read_file(file);
    core::check_json_depth(text, file.string());
    const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
    if (!j.is_object()) user_error("{}: not a JSON object", file.string());
    if (!j.contains(key) || j[key].is_null()) continue;
    const nlohmann::json ids = j[key].is_array() ? j[key] : nlohmann::json::array({j[key]});
    const auto is_id = [](const nlohmann::json& id) { return id.is_number_integer() && id >= 0 && id <= 0x7FFFFFFF; };
    if (ids.empty() || !std::all_of(ids.begin(), ids.end(), is_id))
      user_error("{}: {} is {}; it must be a token id or a list of them", file.string(), key, j[key].dump());
    return ids.get<std::vector<std::int32_t>>();
  }
  return {};
}

}  // namespace

std::vector<std::int32_t> load_eos_ids(const std::filesystem::path& folder) {
  std::vector<std::int32_t> ids = ids_of(folder, "eos_token_id");
  if (ids.empty())
    user_error("{}: neither generation_config.json nor config.json has an eos_token_id", folder.string());
  return ids;
}

TokenIds load_token_ids(const std::filesystem::path& folder) {
  const std::int64_t eos = load_eos_ids(folder).front();
  const auto first = [&](const char* key) {
    const std::vector<std::int32_t> ids = ids_of(folder, key);
    return ids.empty() ? eos : ids.front();
  };
  return {first("bos_token_id"), eos, first("pad_token_id")};
}

}  // namespace r1::weights
