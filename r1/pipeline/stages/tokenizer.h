// Stage `tokenizer`: trains byte-level BPE on the corpus and tokenises it into one token shard. Prompt and completion
// are encoded apart, because reinforcement learning encodes the prompt alone: the same text then has the same ids in
// both.
#pragma once

#include <string>
#include <vector>

#include "r1/pipeline/stage.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "r1/tokenizer/tokenizer.h"

namespace r1::pipeline {

/// Special tokens that every recipe's tokenizer must have, in this order: beginning, end, padding.
inline constexpr const char* kBosToken = "<|bos|>";
inline constexpr const char* kEosToken = "<|eos|>";
inline constexpr const char* kPadToken = "<|pad|>";

/// Those and the tags of R1's format, so that each tag is one token.
std::vector<std::string> default_special_tokens();

/// The id of a special token. UserError when the tokenizer lacks it.
std::int32_t require_special(const tokenizer::Tokenizer& tokenizer, const char* text);

/// A document's ids; its first `prompt` ones are the prompt. Both are encoded apart, as reinforcement learning will.
struct EncodedDocument {
  std::vector<std::int32_t> ids;
  std::size_t prompt = 0;
  /// 1 for a token whose loss counts: all, or, `on_prompt` false, the completion's.
  std::vector<std::uint8_t> targets(bool on_prompt) const;
};
EncodedDocument encode_document(const tokenizer::Tokenizer& tokenizer, const std::string& prompt,
                                const std::string& completion);

/// BPE training, and how the shard is marked for the trainer.
struct TokenizerStageConfig : tokenizer::BpeConfig {
  bool loss_on_prompts = true;  // false: a document's prompt is context only, the loss counts its completion
};
void fields(core::FieldVisitor& v, TokenizerStageConfig& c);

class TokenizerStage : public Stage {
 public:
  explicit TokenizerStage(TokenizerStageConfig config) : config_(std::move(config)) {}
  std::string name() const override { return "tokenizer"; }
  std::string config() const override { return core::dump_config(config_); }
  std::vector<StageInput> inputs(const std::filesystem::path& run) const override {
    return {from_run(run, "corpus/corpus.jsonl")};
  }
  std::vector<std::string> outputs() const override { return {"corpus.tokens", "tokenizer.json"}; }
  Metrics run(const StageContext& context) const override;
  StagePlan plan(const std::filesystem::path& run) const override;

 private:
  TokenizerStageConfig config_;
};

}  // namespace r1::pipeline
