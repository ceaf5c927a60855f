// A conversation (chat_session.h).
#include "r1/serve/chat_session.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "r1/core/error.h"
#include "r1/serve/utf8_stream.h"

namespace r1::serve {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

ChatSession::ChatSession(const ChatModel& model, rollout::SamplingConfig sampling, std::uint64_t seed)
    : model_(model), sampling_(std::move(sampling)), seed_(seed) {}

void ChatSession::reset() {
  const bool has_system = !messages_.empty() && messages_[0]["role"] == "system";
  messages_.erase(messages_.begin() + (has_system ? 1 : 0), messages_.end());
}

void ChatSession::set_system(const std::string& text) {
  messages_ = nlohmann::ordered_json::array();
  if (!text.empty()) messages_.push_back({{"role", "system"}, {"content", text}});
}

bool ChatSession::undo() {
  for (std::size_t i = messages_.size(); i-- > 0;) {
    if (messages_[i]["role"] != "user") continue;
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(i), messages_.end());
    return true;
  }
  return false;
}

std::vector<std::int32_t> ChatSession::prompt_ids(const nlohmann::ordered_json& messages) const {
  tokenizer::ChatTemplate::Options options;
  options.add_generation_prompt = true;
  std::vector<std::int32_t> ids = model_.tokenizer.encode(model_.chat_template.render(messages, options));
  const std::int64_t most = model_.engine.max_tokens();
  if (static_cast<std::int64_t>(ids.size()) >= most)
    user_error("the conversation has {} tokens, the model's context here is {}: begin anew", ids.size(), most);
  return ids;
}

ChatReply ChatSession::say(const std::string& text, const TextCallback& on_text) {
  nlohmann::ordered_json messages = messages_;
  messages.push_back({{"role", "user"}, {"content", text}});
  const rollout::Request request{
      .prompt = prompt_ids(messages), .seed = seed_, .step = 0, .prompt_index = turn_++, .sample_index = 0};
  ChatReply reply;
  reply.prompt_tokens = static_cast<std::int64_t>(request.prompt.size());
  Utf8Stream stream;
  const std::vector<std::int32_t>& ends = model_.engine.eos_ids();
  const auto show = [&](std::string_view piece) {
    reply.text += piece;
    return piece.empty() || on_text(piece);
  };
  const auto start = std::chrono::steady_clock::now();
  const rollout::Completion completion = model_.engine.generate({request}, sampling_, {}, [&](const auto& so_far) {
    if (so_far.ids.size() == 1) reply.prompt_seconds = seconds_since(start);
    const std::int32_t id = so_far.ids.back();
    if (std::find(ends.begin(), ends.end(), id) != ends.end()) return true;
    return show(stream.push(model_.tokenizer.decode(std::span(&id, 1))));
  })[0];
  reply.completion_seconds = seconds_since(start) - reply.prompt_seconds;
  show(stream.finish());
  reply.completion_tokens = static_cast<std::int64_t>(completion.ids.size());
  reply.reused_tokens = completion.reused_tokens;
  reply.finish_reason = completion.finish_reason;
  messages.push_back({{"role", "assistant"}, {"content", reply.text}});
  messages_ = std::move(messages);
  return reply;
}

}  // namespace r1::serve
