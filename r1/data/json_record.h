// JSON records of data files: parse one line, take typed fields. Failures are UserErrors without a location; the reader
// that knows file and line adds it (JsonlReader, reader.h). For .cc files of data only.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace r1::data {

/// The object written on `line`. UserError when it is no valid JSON (UTF-8 included) or no object.
nlohmann::json parse_record(const std::string& line);

/// record[key] as text / as an integer that fits 64 bits. UserError when it is missing or of another type.
std::string text_field(const nlohmann::json& record, const char* key);
std::int64_t integer_field(const nlohmann::json& record, const char* key);
/// record[key] when it is there and a text, else empty.
std::string optional_text_field(const nlohmann::json& record, const char* key);
/// `value` as an integer that fits 64 bits; `what` names it in the UserError.
std::int64_t as_integer(const nlohmann::json& value, const std::string& what);
/// The record on one line. UserError when a text in it is not valid UTF-8.
std::string dump_record(const nlohmann::ordered_json& record);

}  // namespace r1::data
