// JSON and JSONL files (json_file.h).
#include "r1/cli/json_file.h"

#include <algorithm>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/reader.h"

namespace r1::cli {

namespace {

OrderedJson parse(const std::string& text) {
  try {
    return OrderedJson::parse(text);
  } catch (const OrderedJson::parse_error& e) {
    user_error("not valid JSON (at byte {} of {})", e.byte, text.size());
  } catch (const OrderedJson::out_of_range&) {
    user_error("not valid JSON (a number is out of range)");
  }
}

}  // namespace

bool is_jsonl(const std::filesystem::path& file) {
  std::filesystem::path name = file.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name.replace_extension();
  return name.extension() == ".jsonl" || name.extension() == ".ndjson";
}

OrderedJson read_json_file(const std::filesystem::path& file) {
  try {
    return parse(core::read_file(file));
  } catch (const UserError& e) {
    const std::string what = e.what();
    if (what.find(file.string()) != std::string::npos) throw;  // it could not be read
    user_error("{}: {}", file.string(), what);
  }
}

void for_each_json_line(const std::filesystem::path& file, const std::function<void(const OrderedJson& value)>& take) {
  data::JsonlReader reader(file, {});
  while (reader.next([&](const std::string& line) { take(parse(line)); })) {
  }
}

const OrderedJson& messages_of(const OrderedJson& value) {
  const OrderedJson& messages = value.is_object() && value.contains("messages") ? value.at("messages") : value;
  const auto is_message = [](const OrderedJson& message) { return message.is_object(); };
  if (!messages.is_array() || !std::all_of(messages.begin(), messages.end(), is_message))
    user_error(R"(a list of messages is needed, such as [{{"role": "user", "content": "Hello"}}])");
  return messages;
}

}  // namespace r1::cli
