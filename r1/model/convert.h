// Checkpoints from one form to another, one tensor in memory at a time: a GGUF file becomes a Hugging Face folder,
// which is the only thing that the rest of r1 loads, and back; a folder is written in another type or other shards.
// Architectures: llama, qwen2, qwen3, qwen3_moe, deepseek_v2 and deepseek_v3 in both directions; folder to folder knows
// names only and takes any. It moves weights and config.json; tokenizer files and generation_config.json are the
// caller's. No torch type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "r1/weights/gguf_metadata.h"
#include "r1/weights/gguf_type.h"

namespace r1::model {

/// How the tensors of a folder are written.
struct FolderFormat {
  std::string dtype;  // f32 | bf16 | f16; empty: floating tensors as they are stored, quantised ones as f32
  std::uint64_t max_shard_bytes = 5'000'000'000;
};

/// The ids that config.json repeats from the tokenizer.
struct SpecialIds {
  std::optional<std::int64_t> bos, pad;
  std::vector<std::int64_t> eos;
};

/// Writes config.json and model*.safetensors of a .gguf file into an existing folder. UserError, naming file and key or
/// tensor, for an architecture that isn't known, a tensor that is missing, unknown or of another shape than the
/// metadata says, and numbers that `dtype` can't hold.
void gguf_to_folder(const std::filesystem::path& gguf, const SpecialIds& ids, const FolderFormat& format,
                    const std::filesystem::path& folder);

/// Writes config.json and model*.safetensors of a folder into another one that exists. Without a dtype the tensors keep
/// their bytes, and config.json its own. The low-rank adapter in `adapter` (empty: none) is merged into the weights: W
/// + scaling B A, in float32 and rounded once. UserError for an adapter that is not of this model.
void folder_to_folder(const std::filesystem::path& from, const FolderFormat& format,
                      const std::filesystem::path& folder, const std::filesystem::path& adapter = {});

/// Writes a folder's model as a .gguf file, atomically: matrices as `type` (F32 F16 BF16 Q8_0 Q4_0), vectors as F32.
/// `tokenizer` holds the keys that are not the architecture's, to be added.
void folder_to_gguf(const std::filesystem::path& from, weights::GgufType type, const weights::GgufMetadata& tokenizer,
                    const std::filesystem::path& gguf);

}  // namespace r1::model
