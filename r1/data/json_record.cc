// nlohmann-json with one-line messages.
#include "r1/data/json_record.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"

namespace r1::data {

nlohmann::json parse_record(const std::string& line) {
  try {
    nlohmann::json record = nlohmann::json::parse(line);
    if (!record.is_object()) user_error("a JSON object is expected, this is {}", record.type_name());
    return record;
  } catch (const nlohmann::json::parse_error& error) {
    user_error("not valid JSON (at byte {} of {})", error.byte, line.size());
  } catch (const nlohmann::json::out_of_range&) {
    user_error("not valid JSON (a number is out of range)");
  }
}

std::string text_field(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end()) user_error("key \"{}\" is missing", key);
  if (!found->is_string()) user_error("\"{}\" must be a text, is {}", key, found->type_name());
  return found->get<std::string>();
}

std::int64_t as_integer(const nlohmann::json& value, const std::string& what) {
  if (!value.is_number_integer()) user_error("\"{}\" must be an integer, is {}", what, value.type_name());
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    user_error("\"{}\" is too large an integer", what);
  return value.get<std::int64_t>();
}

std::int64_t integer_field(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end()) user_error("key \"{}\" is missing", key);
  return as_integer(*found, key);
}

std::string optional_text_field(const nlohmann::json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string dump_record(const nlohmann::ordered_json& record) {
  try {
    return record.dump();
  } catch (const nlohmann::json::type_error&) {
    user_error("a text is not valid UTF-8 and cannot be written as JSON");
  }
}

}  // namespace r1::data
