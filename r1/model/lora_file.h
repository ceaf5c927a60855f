// adapter_model.safetensors of a low-rank adapter in PEFT's format: the matrices of each adapted layer, by the layer's
// name. It knows no model; adapter.h puts them onto one.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "r1/model/adapter_config.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

class LoraFile {
 public:
  /// UserError, naming file and tensor, for anything but pairs of lora_A and lora_B, and for adapters of experts.
  explicit LoraFile(const std::filesystem::path& folder);

  /// Names of the tensors of one layer.
  struct Pair {
    std::string a, b;
  };
  const AdapterConfig& config() const { return config_; }
  /// By layer, as model.layers.0.self_attn.q_proj.
  const std::map<std::string, Pair>& pairs() const { return pairs_; }
  const weights::SafetensorsReader& reader() const { return reader_; }
  const std::string& name() const { return name_; }

  /// The tensor `name` of the base, the adapter merged into it where the layer has one. UserError for other shapes.
  at::Tensor merged(const std::string& name, const at::Tensor& weight) const;

 private:
  AdapterConfig config_;
  std::string name_;
  weights::SafetensorsReader reader_;
  std::map<std::string, Pair> pairs_;
};

/// PEFT's name of a parameter of an adapter: base_model.model.LAYER.lora_A.weight, or prompt_embeddings as it is.
std::string peft_name(const std::string& parameter);
/// Whether a parameter is an adapter's.
bool is_adapter_parameter(const std::string& name);

constexpr const char* kPromptEmbeddings = "prompt_embeddings";

}  // namespace r1::model
