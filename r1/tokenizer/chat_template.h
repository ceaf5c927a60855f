// The chat template of a checkpoint: messages to the text that the model was trained on, byte for byte as
// apply_chat_template of transformers 4 and 5 renders it (Jinja2 with trim_blocks, lstrip_blocks and loop controls in
// an immutable sandbox). What real templates use is there (template/); anything else is refused by its name and line.
// It makes no tokens: encode the text with the tokenizer, which reads special tokens out of it.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace r1::tokenizer {

class ChatTemplate {
 public:
  using SpecialTokens = std::map<std::string, std::string>;  // bos_token, eos_token, ... -> text

  struct Options {
    /// Ends with what opens the assistant's turn.
    bool add_generation_prompt = false;
    /// Descriptions of functions, a list; null: none.
    nlohmann::ordered_json tools;
    /// Further variables of the template (enable_thinking, documents, ...); they come before special tokens of the same
    /// name. An object, or null.
    nlohmann::ordered_json variables;
    /// What strftime_now prints (all fields, tm_wday and tm_yday too); nothing: the local time now.
    std::optional<std::tm> now;
    /// What a rendering may do at most, about 0.2 us each; conversations of a million characters need far less.
    std::int64_t max_steps = 5'000'000;
  };

  /// `where` names the source in messages. UserError, with the line, when the source cannot be read.
  ChatTemplate(const std::string& source, std::string where, SpecialTokens special_tokens = {});

  /// From a checkpoint's folder: chat_template.jinja (whenever tools are given
  /// additional_chat_templates/tool_use.jinja, if there), else the chat_template of tokenizer_config.json (one text, or
  /// named ones, of which "default" is taken and "tool_use" whenever tools are given); special tokens from
  /// tokenizer_config.json, else special_tokens_map.json. Nothing when the folder has no chat template.
  static std::optional<ChatTemplate> load(const std::filesystem::path& folder);

  /// `messages`: a list of {"role": ..., "content": ...}. UserError names the template's line: what it refuses
  /// (raise_exception), what is not supported, what is undefined, or that it does more than one rendering may.
  /// Thread-safe.
  std::string render(const nlohmann::ordered_json& messages, const Options& options) const;
  std::string render(const nlohmann::ordered_json& messages) const { return render(messages, Options()); }

 private:
  struct Source;
  std::shared_ptr<const Source> source_, tool_use_;  // tool_use_ may be null
  SpecialTokens special_tokens_;
};

}  // namespace r1::tokenizer
