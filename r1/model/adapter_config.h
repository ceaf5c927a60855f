// What an adapter is, in PEFT's words, and as the adapter_config.json that PEFT reads and writes. Low-rank adapters
// (LoRA, Hu et al. 2021; rank-stabilised: Kalajdzievski 2023) and prompt tuning (Lester et al. 2021). No torch type;
// the tensors are adapter.h's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/config.h"

namespace r1::model {

struct AdapterConfig {
  std::string type = "none";  // none | lora | prompt_tuning
  std::int64_t r = 8;
  double lora_alpha = 8.0;
  std::vector<std::string> target_modules = {"all-linear"};
  double lora_dropout = 0.0;
  bool use_rslora = false;
  std::int64_t num_virtual_tokens = 20;
  std::string prompt_tuning_init_text = {};  // empty: N(0, 1), PEFT's RANDOM
  bool merge = false;

  static constexpr std::int64_t kMaxRank = 65536;

  bool on() const { return type != "none"; }
  /// What B A is multiplied by.
  double scaling() const;
};
void fields(core::FieldVisitor& v, AdapterConfig& c);

/// UserError, opened by `where`, for a fresh adapter that makes no sense or can't be trained.
void validate(const AdapterConfig& config, const std::string& where);

constexpr const char* kAdapterConfigFile = "adapter_config.json";
constexpr const char* kAdapterTensorsFile = "adapter_model.safetensors";

/// adapter_config.json as PEFT reads it. `hidden_size`: of the base.
std::string to_peft_json(const AdapterConfig& config, const std::string& base_model, std::int64_t hidden_size);

struct PeftFile {
  AdapterConfig config;
  std::string base_model;  // base_model_name_or_path; may be empty
};
/// The adapter_config.json of a folder. UserError, naming file and key, for another kind of adapter or a setting that
/// changes what it computes and is not supported.
PeftFile read_peft_config(const std::filesystem::path& folder);

/// Whether the folder holds an adapter and no whole model.
bool is_adapter_folder(const std::filesystem::path& folder);

/// The ids that stand for the virtual tokens of a prompt-tuning adapter in front of every sequence: the first ones
/// above the vocabulary of the model in `folder`. None for other adapters.
std::vector<std::int32_t> virtual_token_ids(const AdapterConfig& config, const std::filesystem::path& folder);

}  // namespace r1::model
