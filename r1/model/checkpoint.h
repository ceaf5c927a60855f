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
#include "r1/weights/token_ids.h"

namespace r1::model {

/// The model's tensors under their names on disk (views, nothing copied but what must be contiguous).
weights::NamedTensors hf_tensors(Decoder& model);
/// Fills the model from tensors on disk; UserError for a missing tensor or a wrong shape, naming it.
void load_hf_tensors(Decoder& model, weights::CheckpointTensors& tensors);
/// The model of a folder; UserError when its family or a setting of it is not known. Tensors of the files that the
/// configuration does not ask for are one warning in the log, but for those the caller reads itself.
std::shared_ptr<Decoder> load_hf_folder(const std::filesystem::path& folder, at::ScalarType dtype,
                                        const std::vector<std::string>& read_elsewhere = {});

using weights::load_eos_ids;
using weights::TokenIds;
/// Writes config.json, generation_config.json and model.safetensors of a fresh model into an existing folder.
void write_hf_files(Decoder& model, const TokenIds& ids, const std::filesystem::path& folder);
/// The same for a model that began as the one of `source`: its token ids (all ends) and companion files go along.
void write_successor_files(Decoder& model, const std::filesystem::path& source, const std::filesystem::path& folder);
/// What stands beside the weights and is not changed by training, as far as `source` has it: generation_config.json,
/// tokenizer, chat template.
void copy_companion_files(const std::filesystem::path& source, const std::filesystem::path& folder);
/// `config_json` with the token ids of `source`'s config.json.
std::string with_token_ids(const std::string& config_json, const std::filesystem::path& source);

}  // namespace r1::model
