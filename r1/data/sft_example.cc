// Conversations and prompts with completions as tokens (sft_example.h).
#include "r1/data/sft_example.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "r1/core/error.h"

namespace r1::data {

namespace {

using Json = nlohmann::ordered_json;

/// `value` as messages; a text is one message of `role`.
Json as_messages(const Json& value, const char* role) {
  return value.is_string() ? Json::array({{{"role", role}, {"content", value}}}) : value;
}

void check_messages(const Json& messages) {
  if (!messages.is_array() || messages.empty()) user_error("messages must be a list that is not empty");
  for (const Json& message : messages)
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
      user_error("each message must be an object with a \"role\"");
}

Json first(const Json& messages, std::size_t count) {
  return Json(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

void fields(core::FieldVisitor& v, SftSchema& c) {
  v("messages_key", c.messages_key, "key of a conversation: a list of {role, content}");
  v("prompt_key", c.prompt_key, "key of what is asked: a text or messages");
  v("completion_key", c.completion_key, "key of what is answered: a text or messages");
  v("as_chat", c.as_chat, "texts of prompt and completion become a user's and an assistant's message");
}

SftExamples::SftExamples(SftSchema schema, const tokenizer::Tokenizer& tokenizer,
                         std::optional<tokenizer::ChatTemplate> chat_template, std::vector<std::int32_t> eos_ids)
    : schema_(std::move(schema)),
      tokenizer_(tokenizer),
      chat_template_(std::move(chat_template)),
      eos_ids_(std::move(eos_ids)) {
  R1_CHECK(!eos_ids_.empty(), "no end-of-sequence id");
}

SftExample SftExamples::read(const std::string& line) const {
  const Json record = Json::parse(line, nullptr, false);
  if (!record.is_object()) user_error("not a JSON object");
  if (record.contains(schema_.messages_key)) {
    const Json& messages = record[schema_.messages_key];
    check_messages(messages);
    return from_messages(messages, 0);
  }
  if (!record.contains(schema_.prompt_key) || !record.contains(schema_.completion_key))
    user_error("neither \"{}\" nor \"{}\" and \"{}\" are there", schema_.messages_key, schema_.prompt_key,
               schema_.completion_key);
  const Json &prompt = record[schema_.prompt_key], &completion = record[schema_.completion_key];
  if (prompt.is_string() && completion.is_string() && !schema_.as_chat) {
    SftExample example;
    append(example, prompt.get<std::string>(), false);
    append(example, completion.get<std::string>(), true);
    example.ids.push_back(eos_ids_.front());
    example.is_target.push_back(1);
    return example;
  }
  Json messages = as_messages(prompt, "user");
  check_messages(messages);
  const std::size_t asked = messages.size();
  const Json answer = as_messages(completion, "assistant");
  check_messages(answer);
  messages.insert(messages.end(), answer.begin(), answer.end());
  return from_messages(messages, asked);
}

SftExample SftExamples::from_messages(const Json& messages, std::size_t first_target) const {
  if (!chat_template_) user_error("a conversation needs a chat template, and the model has none");
  tokenizer::ChatTemplate::Options opened;
  opened.add_generation_prompt = true;
  SftExample example;
  std::string done;  // what is encoded already
  const auto rest = [&](const std::string& text, std::size_t turn) {
    if (!text.starts_with(done))
      user_error(
          "message {}: the chat template shows earlier turns in another way once later ones follow; split the "
          "conversation so that its last turn alone is learnt (\"{}\" and \"{}\")",
          turn, schema_.prompt_key, schema_.completion_key);
    const std::string more = text.substr(done.size());
    done = text;
    return more;
  };
  for (std::size_t i = first_target; i < messages.size(); ++i) {
    if (messages[i]["role"] != "assistant") continue;
    append(example, rest(chat_template_->render(first(messages, i), opened), i), false);
    append(example, rest(chat_template_->render(first(messages, i + 1)), i), true);
  }
  if (example.ids.empty()) user_error("there is no turn of the assistant to learn");
  return example;
}

void SftExamples::append(SftExample& example, const std::string& text, bool is_target) const {
  const std::vector<std::int32_t> ids = tokenizer_.encode(text);
  std::size_t targets = is_target ? ids.size() : 0;
  for (std::size_t i = ids.size(); is_target && i-- > 0;)
    if (std::find(eos_ids_.begin(), eos_ids_.end(), ids[i]) != eos_ids_.end()) {
      targets = i + 1;
      break;
    }
  example.ids.insert(example.ids.end(), ids.begin(), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i) example.is_target.push_back(i < targets ? 1 : 0);
}

}  // namespace r1::data
