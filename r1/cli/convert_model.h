// A checkpoint into another form: GGUF -> Hugging Face folder, folder -> GGUF, folder -> folder of another type or
// other shards. Whole: weights, configuration, tokenizer, chat template, end ids. Behind `r1 convert` and
// model_folder.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "r1/core/config.h"

namespace r1::cli {

struct ConvertConfig {
  std::string dtype;  // of a folder's tensors: f32 | bf16 | f16; empty: as they are, quantised ones f32
  std::string type = "f16";  // of a GGUF file's matrices: f32 | f16 | bf16 | q8_0 | q4_0
  std::string adapter =
      {};  // folder of a low-rank adapter (PEFT's format), merged into a folder's weights; empty: none
  std::string shard_size = "5GB";  // largest file of a folder: bytes, or with kB, MB, GB, KiB, MiB, GiB
};
void fields(core::FieldVisitor& v, ConvertConfig& c);

/// `from` may be the folder of a low-rank adapter, whose base is then converted with it merged (model_folder.h).
/// `to` is a GGUF file when its name ends with .gguf, else a folder; either appears whole or not at all. UserError,
/// naming file and key, tensor or option, for what can't be converted.
void convert_model(const std::filesystem::path& from, const std::filesystem::path& to, const ConvertConfig& config);

/// "5GB" -> 5,000,000,000. UserError for anything else than a positive number of bytes.
std::uint64_t parse_size(const std::string& text);

}  // namespace r1::cli
