// JSON and JSONL files of conversations, for the verbs that take them. Failures are one line with file and line.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

namespace r1::cli {

using OrderedJson = nlohmann::ordered_json;

/// .jsonl or .ndjson, before .gz or .zst: one JSON value a line.
bool is_jsonl(const std::filesystem::path& file);

/// The one JSON value of a file. UserError, with the place, when it is none.
OrderedJson read_json_file(const std::filesystem::path& file);

/// Hands every line's value to `take`, whose UserErrors get "file:line: " in front. Blank lines are passed over.
void for_each_json_line(const std::filesystem::path& file, const std::function<void(const OrderedJson& value)>& take);

/// The messages of `value`, a list of them or an object with the key "messages". UserError, without a place, when it is
/// neither or a message is no object.
const OrderedJson& messages_of(const OrderedJson& value);

}  // namespace r1::cli
