// One conversation with one model: messages in, streamed answers out, by the folder's chat template. It holds the
// history; the engine (which may keep a conversation's rows: EngineConfig::reuse_prefix), tokenizer and template are
// the caller's and outlive it. No terminal and no HTTP here.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "r1/rollout/engine.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::serve {

struct ChatModel {
  rollout::Engine& engine;
  const tokenizer::Tokenizer& tokenizer;
  const tokenizer::ChatTemplate& chat_template;
};

struct ChatReply {
  std::string text;  // valid UTF-8: bytes that are no character became U+FFFD
  std::int64_t prompt_tokens = 0, reused_tokens = 0, completion_tokens = 0;
  double prompt_seconds = 0.0, completion_seconds = 0.0;  // up to the first token; after it
  rollout::FinishReason finish_reason = rollout::FinishReason::Stop;
};

/// Called with each piece of an answer, whole characters; false ends it.
using TextCallback = std::function<bool(std::string_view)>;

class ChatSession {
 public:
  ChatSession(const ChatModel& model, rollout::SamplingConfig sampling, std::uint64_t seed);

  /// Adds the user's message, samples the answer and adds it too (also one that was cut short). UserError, and nothing
  /// is added, when the template refuses the messages or the conversation leaves no room for an answer.
  ChatReply say(const std::string& text, const TextCallback& on_text);
  /// Forgets every message but the system's.
  void reset();
  /// Sets the system's message (empty: none) and begins anew.
  void set_system(const std::string& text);
  /// Takes back the last message of the user and its answer; false when there is none.
  bool undo();
  const nlohmann::ordered_json& messages() const { return messages_; }

 private:
  std::vector<std::int32_t> prompt_ids(const nlohmann::ordered_json& messages) const;

  ChatModel model_;
  rollout::SamplingConfig sampling_;
  std::uint64_t seed_;
  std::uint32_t turn_ = 0;
  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
};

}  // namespace r1::serve
