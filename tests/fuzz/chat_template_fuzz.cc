// Parses a template and renders a conversation with tools and reasoning through it.
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "r1/tokenizer/chat_template.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/targets.h"

namespace r1::fuzz {

namespace {

using nlohmann::ordered_json;
using tokenizer::ChatTemplate;

const ordered_json& messages() {
  static const ordered_json list = ordered_json::parse(R"([
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": "What is 3 * (4 + 5)?"},
    {"role": "assistant", "content": "<think>3 * 9</think>27", "reasoning_content": "3 * 9",
     "tool_calls": [{"type": "function", "function": {"name": "calc", "arguments": {"a": [1, 2.5, null, true]}}}]},
    {"role": "tool", "name": "calc", "content": "27"},
    {"role": "user", "content": [{"type": "text", "text": "Danke, größer?"}]}])");
  return list;
}

ChatTemplate::Options options() {
  ChatTemplate::Options out;
  out.add_generation_prompt = true;
  out.tools = ordered_json::parse(
      R"([{"type": "function", "function": {"name": "calc", "description": "adds", "parameters": {"a": "list"}}}])");
  out.now = std::tm{};
  out.now->tm_mday = 1;
  out.max_steps = 200'000;  // sanitizers take 10 to 40 times as long
  return out;
}

}  // namespace

void chat_template(std::string_view bytes) {
  accepted([&] {
    std::optional<ChatTemplate> chat;
    if (bytes.starts_with('{') && !bytes.starts_with("{%") && !bytes.starts_with("{{") && !bytes.starts_with("{#"))
      chat = ChatTemplate::load(input_file("tokenizer_config.json", bytes).parent_path());
    else
      chat.emplace(std::string(bytes), "template",
                   ChatTemplate::SpecialTokens{{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    if (chat) chat->render(messages(), options());
  });
}

}  // namespace r1::fuzz
