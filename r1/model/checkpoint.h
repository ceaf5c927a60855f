// A model of any family as a Hugging Face folder: config.json (its model_type names the family),
// generation_config.json, model.safetensors; tokenizer.json beside them is the caller's. Experts are one tensor each on
// disk and stacked in memory; block-scaled FP8 checkpoints are read (weights/checkpoint_tensors.h), not written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/model/decoder.h"
#include "r1/weights/checkpoint_tensors.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

/// The model's tensors under their names on disk (views, nothing copied but what must be contiguous).
weights::NamedTensors hf_tensors(Decoder& model);
/// Fills the model from tensors on disk; UserError for a missing tensor or a wrong shape, naming it.
void load_hf_tensors(Decoder& model, weights::CheckpointTensors& tensors);
/// The model of a folder; UserError when its family or a setting of it is not known. Tensors of the files that the
/// configuration does not ask for are one warning in the log, but for those the caller reads itself.
std::shared_ptr<Decoder> load_hf_folder(const std::filesystem::path& folder, at::ScalarType dtype,
                                        const std::vector<std::string>& read_elsewhere = {});

struct TokenIds {
  std::int64_t bos = 0, eos = 1, pad = 2;
};
/// Writes config.json, generation_config.json and model.safetensors into an existing folder.
void write_hf_files(Decoder& model, const TokenIds& ids, const std::filesystem::path& folder);
/// All end-of-sequence ids of generation_config.json (or config.json).
std::vector<std::int32_t> load_eos_ids(const std::filesystem::path& folder);

}  // namespace r1::model
