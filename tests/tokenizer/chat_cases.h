// What the tests of chat templates share: the golden conversations (tools/golden/chat_template.py), the date and the
// special tokens they were rendered with, and rendering one source to its text or to the error's message.
#pragma once

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tokenizer/chat_template.h"

namespace r1::tokenizer {

inline std::filesystem::path golden_folder() { return std::filesystem::path(R1_SOURCE_DIR) / "tests/tokenizer/golden"; }

inline const nlohmann::ordered_json& golden_chat() {
  static const auto golden = nlohmann::ordered_json::parse(core::read_file(golden_folder() / "chat.json"));
  return golden;
}

inline const ChatTemplate::SpecialTokens& golden_tokens() {
  static const ChatTemplate::SpecialTokens tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  return tokens;
}

/// Sunday, 9 March 2025, 14:05:06.
inline std::tm golden_now() {
  std::tm now{};
  now.tm_year = 125;
  now.tm_mon = 2;
  now.tm_mday = 9;
  now.tm_hour = 14;
  now.tm_min = 5;
  now.tm_sec = 6;
  now.tm_wday = 0;
  now.tm_yday = 67;
  return now;
}

/// Options of one of the golden file's variants; null: none but the date.
inline ChatTemplate::Options options_of(const nlohmann::ordered_json& variant) {
  ChatTemplate::Options options;
  options.now = golden_now();
  if (variant.is_null()) return options;
  options.add_generation_prompt = variant.value("add_generation_prompt", false);
  if (variant.value("tools", false)) options.tools = golden_chat().at("tools");
  if (variant.contains("variables")) options.variables = variant.at("variables");
  return options;
}

inline std::string golden_source(const std::string& name) {
  return core::read_file(golden_folder() / "chat" / (name + ".jinja"));
}

/// The text, or "! " and the message of the UserError.
inline std::string rendered_or_refused(const std::string& source, const nlohmann::ordered_json& messages,
                                       const ChatTemplate::Options& options) {
  try {
    return ChatTemplate(source, "here", golden_tokens()).render(messages, options);
  } catch (const UserError& e) {
    return std::string("! ") + e.what();
  }
}

/// With the golden file's variables and no messages.
inline std::string rendered_or_refused(const std::string& source) {
  const nlohmann::ordered_json variant = {{"variables", golden_chat().at("variables")}};
  return rendered_or_refused(source, nlohmann::ordered_json::array(), options_of(variant));
}

}  // namespace r1::tokenizer
