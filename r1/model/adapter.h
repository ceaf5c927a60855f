// Adapters of a decoder: a low-rank addition to chosen linear layers (LoRA), or learned embeddings in front of every
// sequence (prompt tuning). The model's own weights are frozen: no gradients, no optimizer state. The layers know
// nothing of it; a product with a weight includes its adapter (tensor/ops/linear.h), so rollouts and training see the
// same bits. Files are PEFT's: names base_model.model.MODULE.lora_A.weight [r, in], .lora_B.weight [out, r], and
// prompt_embeddings [n, hidden]. Not for experts, routers, MTP modules, embedding and head.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "r1/model/adapter_config.h"
#include "r1/model/decoder.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

/// A fresh adapter: A uniform within 1 / sqrt(in) (PEFT's kaiming_uniform(a = sqrt 5)), B zero; virtual tokens N(0, 1),
/// or the embeddings of `init_ids`, repeated or cut to their number. Philox of (seed, parameter): what a matrix starts
/// from does not depend on which other layers have adapters. UserError, opened by `where`, for a target that is no such
/// layer.
void add_adapter(Decoder& model, const AdapterConfig& config, std::uint64_t seed, const std::string& where,
                 const std::vector<std::int32_t>& init_ids = {});  // NOLINT(readability-function-size)

/// The adapter of a folder, made by PEFT or by r1, put onto its base. UserError for tensors that are not the base's or
/// missing.
AdapterConfig load_adapter(Decoder& model, const std::filesystem::path& folder);

/// load_hf_folder, then load_adapter unless `adapter` is empty.
std::shared_ptr<Decoder> load_with_adapter(const std::filesystem::path& folder, const std::filesystem::path& adapter,
                                           at::ScalarType dtype);

/// adapter_config.json and adapter_model.safetensors into an existing folder.
void write_adapter(Decoder& model, const AdapterConfig& config, const std::string& base_model,
                   const std::filesystem::path& folder);

/// Its tensors under PEFT's names (views).
weights::NamedTensors adapter_tensors(Decoder& model);

/// W := W + scaling B A of every adapted layer; the model has no adapter afterwards.
void merge_adapter(Decoder& model);

}  // namespace r1::model
