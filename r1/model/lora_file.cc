// Low-rank adapters on disk (lora_file.h).
#include "r1/model/lora_file.h"

#include <string_view>

#include "r1/core/error.h"
#include "r1/tensor/ops/linear.h"

namespace r1::model {

namespace {

constexpr std::string_view kPrefix = "base_model.model.", kA = ".lora_A.weight", kB = ".lora_B.weight";

AdapterConfig lora_config(const std::filesystem::path& folder) {
  const AdapterConfig config = read_peft_config(folder).config;
  if (config.type != "lora")
    user_error("{}: virtual tokens are no part of a model's weights: a low-rank adapter (LORA) is needed",
               (folder / kAdapterConfigFile).string());
  return config;
}

}  // namespace

LoraFile::LoraFile(const std::filesystem::path& folder)
    : config_(lora_config(folder)), name_((folder / kAdapterTensorsFile).string()), reader_(name_) {
  for (const std::string& tensor : reader_.names()) {
    const bool is_a = tensor.ends_with(kA);
    if (!tensor.starts_with(kPrefix) || !(is_a || tensor.ends_with(kB)))
      user_error("{}: tensor '{}' is none of a low-rank adapter's (lora_A.weight, lora_B.weight)", name_, tensor);
    if (tensor.find(".experts.") != std::string::npos)
      user_error("{}: adapters of experts are not supported (tensor '{}')", name_, tensor);
    Pair& pair = pairs_[tensor.substr(kPrefix.size(), tensor.size() - kPrefix.size() - kA.size())];
    (is_a ? pair.a : pair.b) = tensor;
  }
  if (pairs_.empty()) user_error("{}: holds no tensor", name_);
  for (const auto& [layer, pair] : pairs_)
    if (pair.a.empty() || pair.b.empty()) user_error("{}: {} has only one of lora_A and lora_B", name_, layer);
}

at::Tensor LoraFile::merged(const std::string& name, const at::Tensor& weight) const {
  const auto found = name.ends_with(".weight") ? pairs_.find(name.substr(0, name.size() - 7)) : pairs_.end();
  if (found == pairs_.end()) return weight;
  const at::Tensor a = reader_.load(found->second.a), b = reader_.load(found->second.b);
  const bool fits = weight.dim() == 2 && a.dim() == 2 && b.dim() == 2 && a.size(1) == weight.size(1) &&
                    b.size(0) == weight.size(0) && a.size(0) == config_.r && b.size(1) == config_.r;
  if (!fits)
    user_error("{}: the adapter of {} does not fit a weight of the base's shape and rank {}", name_, name, config_.r);
  if (!at::isFloatingType(weight.scalar_type()) || c10::elementSize(weight.scalar_type()) < 2)
    user_error("{}: {} is quantised in the base; convert the base to bf16 or f32 first", name_, name);
  return tensor::merged_weight(weight, a, b, config_.scaling());
}

std::string peft_name(const std::string& parameter) {
  return parameter == kPromptEmbeddings ? parameter : std::string(kPrefix) + parameter;
}

bool is_adapter_parameter(const std::string& name) {
  return name == kPromptEmbeddings || name.ends_with(kA) || name.ends_with(kB);
}

}  // namespace r1::model
