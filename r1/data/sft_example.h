// Examples for supervised fine-tuning in TRL's schemas, as tokens with a loss mask: a conversation ("messages", loss on
// what the assistant says) or a prompt with its completion (loss on the completion). Raw text is pre-training's
// (reader.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/tokenizer/chat_template.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::data {

struct SftSchema {
  std::string messages_key = "messages";
  std::string prompt_key = "prompt";  // text, or the messages before the completion's
  std::string completion_key = "completion";  // text, or messages
  bool as_chat = false;  // prompt and completion that are texts: a user's and an assistant's message
};
void fields(core::FieldVisitor& v, SftSchema& c);

struct SftExample {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> is_target;  // 1: the token counts in the loss
};

/// Turns JSONL lines into examples; borrows the tokenizer.
class SftExamples {
 public:
  /// Without a chat template only texts are accepted. `eos_ids`: what follows the last of them in an assistant's turn
  /// (a template's line feed) is not learnt; a completion that is a text gets the first one.
  SftExamples(SftSchema schema, const tokenizer::Tokenizer& tokenizer,
              std::optional<tokenizer::ChatTemplate> chat_template, std::vector<std::int32_t> eos_ids);

  /// Every turn of the assistant counts in the loss; its text and what stands before are encoded apart, as a rollout
  /// encodes the prompt alone. UserError (without a location) for a broken record, a conversation without an
  /// assistant's turn, or a template that shows earlier turns in another way once later ones follow.
  SftExample read(const std::string& line) const;

 private:
  SftExample from_messages(const nlohmann::ordered_json& messages, std::size_t first_target) const;
  void append(SftExample& example, const std::string& text, bool is_target) const;

  SftSchema schema_;
  const tokenizer::Tokenizer& tokenizer_;
  std::optional<tokenizer::ChatTemplate> chat_template_;
  std::vector<std::int32_t> eos_ids_;
};

}  // namespace r1::data
