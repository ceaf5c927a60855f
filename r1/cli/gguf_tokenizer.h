// The tokenizer of a GGUF file (keys `tokenizer.*`) <-> the tokenizer files of a Hugging Face folder. Byte-level BPE
// only (`tokenizer.ggml.model` = gpt2); SentencePiece models are refused. Weights and config.json are not its matter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "r1/weights/gguf_metadata.h"

namespace r1::cli {

/// Texts of the files, and the ids that config.json and generation_config.json name.
struct TokenizerFiles {
  std::string tokenizer_json;
  std::string tokenizer_config_json;
  std::string generation_config_json;
  std::optional<std::int64_t> bos, pad;
  std::vector<std::int64_t> eos;  // every one, the main one first
};

/// UserError, naming file and key, for what is missing, damaged or not known.
TokenizerFiles tokenizer_files(const weights::GgufMetadata& metadata, const std::string& file);

/// The keys for a folder's tokenizer.json, tokenizer_config.json, chat template and end ids. llama.cpp wants one token
/// for each of the `vocab_size` rows of the embedding: ids that stand for nothing get a name of their own, marked
/// unused. UserError when the tokenizer cuts text in a way that has no name in GGUF, or has more than `vocab_size` ids.
weights::GgufMetadata gguf_tokenizer(const std::filesystem::path& folder, std::int64_t vocab_size);

}  // namespace r1::cli
