// Documents are encoded in chunks by several threads into their own places, so the shard does not depend on how many.
#include "r1/pipeline/stages/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/threads.h"
#include "r1/data/token_shard.h"
#include "r1/pipeline/stages/corpus_file.h"
#include "r1/reward/format.h"

namespace r1::pipeline {

namespace {

std::vector<CorpusRecord> read_corpus(const std::filesystem::path& file) {
  std::vector<CorpusRecord> records;
  for_each_corpus_record(file, [&](const CorpusRecord& record) { records.push_back(record); });
  if (records.empty()) user_error("{}: holds no document", file.string());
  return records;
}

tokenizer::Tokenizer train_tokenizer(const std::vector<CorpusRecord>& records, const tokenizer::BpeConfig& config) {
  std::vector<std::string_view> texts;
  for (const CorpusRecord& record : records) {
    if (!record.prompt.empty()) texts.push_back(record.prompt);
    texts.push_back(record.completion);
  }
  return tokenizer::train_bpe(texts, config);
}

std::vector<EncodedDocument> encode_all(const std::vector<CorpusRecord>& records, const tokenizer::Tokenizer& tokenizer,
                                        std::int64_t num_threads) {
  constexpr std::size_t kChunk = 256;
  std::vector<EncodedDocument> out(records.size());
  core::parallel_for((records.size() + kChunk - 1) / kChunk, static_cast<std::size_t>(num_threads), [&](std::size_t c) {
    for (std::size_t i = c * kChunk; i < std::min(records.size(), (c + 1) * kChunk); ++i) {
      out[i] = encode_document(tokenizer, records[i].prompt, records[i].completion);
    }
  });
  return out;
}

}  // namespace

std::vector<std::uint8_t> EncodedDocument::targets(bool on_prompt) const {
  std::vector<std::uint8_t> out(ids.size(), 1);
  if (!on_prompt) std::fill_n(out.begin(), prompt, std::uint8_t{0});
  return out;
}

EncodedDocument encode_document(const tokenizer::Tokenizer& tokenizer, const std::string& prompt,
                                const std::string& completion) {
  EncodedDocument out{tokenizer.encode(prompt), 0};
  out.prompt = out.ids.size();
  const std::vector<std::int32_t> rest = tokenizer.encode(completion);
  out.ids.insert(out.ids.end(), rest.begin(), rest.end());
  return out;
}

void fields(core::FieldVisitor& v, TokenizerStageConfig& c) {
  fields(v, static_cast<tokenizer::BpeConfig&>(c));
  v("loss_on_prompts", c.loss_on_prompts, "false: the loss of pre-training counts completions only");
}

std::vector<std::string> default_special_tokens() {
  std::vector<std::string> tokens = {kBosToken, kEosToken, kPadToken};
  for (const std::string_view tag :
       {reward::kThinkOpen, reward::kThinkClose, reward::kAnswerOpen, reward::kAnswerClose})
    tokens.emplace_back(tag);
  return tokens;
}

std::int32_t require_special(const tokenizer::Tokenizer& tokenizer, const char* text) {
  const std::optional<std::int32_t> id = tokenizer.special_id(text);
  if (!id) user_error("tokenizer.special_tokens: must hold {}", text);
  return *id;
}

StagePlan TokenizerStage::plan(const std::filesystem::path&) const {
  return {.work =
              fmt::format("byte-level BPE of {} tokens on the corpus, and the corpus as tokens", config_.vocab_size)};
}

Metrics TokenizerStage::run(const StageContext& context) const {
  const std::vector<CorpusRecord> records = read_corpus(context.run / "corpus" / "corpus.jsonl");
  const tokenizer::Tokenizer tokenizer = train_tokenizer(records, config_);
  for (const char* token : {kBosToken, kEosToken, kPadToken}) require_special(tokenizer, token);
  core::write_file_atomic(context.directory / "tokenizer.json", tokenizer.to_json());

  data::TokenShardWriter shard(tokenizer.vocab_size(), require_special(tokenizer, kEosToken));
  double bytes = 0;
  for (const EncodedDocument& document : encode_all(records, tokenizer, config_.num_threads))
    shard.add(document.ids, document.targets(config_.loss_on_prompts));
  for (const CorpusRecord& record : records)
    bytes += static_cast<double>(record.prompt.size() + record.completion.size());
  shard.write(context.directory / "corpus.tokens");

  const auto tokens = static_cast<double>(shard.num_tokens());
  const auto documents = static_cast<double>(shard.num_documents());
  return {{"vocab_size", static_cast<double>(tokenizer.vocab_size())},
          {"documents", documents},
          {"tokens", tokens},
          {"tokens_per_document", tokens / documents},
          {"bytes_per_token", bytes / std::max(1.0, tokens - documents)}};  // end-of-sequence tokens stand for no byte
}

}  // namespace r1::pipeline
