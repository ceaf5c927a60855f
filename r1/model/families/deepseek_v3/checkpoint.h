// A DeepSeek-V3 model as a Hugging Face folder: config.json, generation_config.json, model.safetensors; tokenizer.json
// beside them is the caller's. Experts are one tensor each on disk and stacked in memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/model/families/deepseek_v3/model.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

/// The model's tensors under their names on disk (views, nothing copied but what must be contiguous).
weights::NamedTensors hf_tensors(DeepseekV3& model);
/// Fills the model from tensors on disk; UserError for a missing tensor or a wrong shape, naming it.
void load_hf_tensors(DeepseekV3& model, const weights::SafetensorsReader& reader);
/// `get(name on disk)` in the model's in-memory layout; for anything stored beside the weights under the same names.
std::shared_ptr<DeepseekV3> load_hf_folder(const std::filesystem::path& folder, at::ScalarType dtype);

struct TokenIds {
  std::int64_t bos = 0, eos = 1, pad = 2;
};
/// Writes config.json, generation_config.json and model.safetensors into an existing folder.
void write_hf_files(DeepseekV3& model, const TokenIds& ids, const std::filesystem::path& folder);
/// All end-of-sequence ids of generation_config.json (or config.json).
std::vector<std::int32_t> load_eos_ids(const std::filesystem::path& folder);

}  // namespace r1::model
