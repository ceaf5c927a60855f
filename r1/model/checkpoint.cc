// Hugging Face folders (checkpoint.h).
#include "r1/model/checkpoint.h"

#include <ATen/ops/cat.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "r1/weights/name_map.h"

namespace r1::model {

namespace {

constexpr std::string_view kGateUp = "experts.gate_up_proj";
constexpr std::string_view kDown = "experts.down_proj";

std::string expert_pattern(const std::string& name, std::string_view stacked, const std::string& projection) {
  return name.substr(0, name.size() - stacked.size()) + "experts.{}." + projection + ".weight";
}

void copy_checked(const Parameter& p, const at::Tensor& source) {
  if (source.sizes() != p.tensor->sizes())
    user_error("tensor {} has shape {}, the configuration asks for {}", p.name, fmt::join(source.sizes(), "x"),
               fmt::join(p.tensor->sizes(), "x"));
  p.tensor->copy_(source);
}

/// The family that a config.json names, its parameters not filled yet.
std::shared_ptr<Decoder> make_decoder(const std::filesystem::path& config_file, at::ScalarType dtype) {
  const std::string text = core::read_file(config_file), name = config_file.string();
  const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || !j.contains("model_type") || !j["model_type"].is_string())
    user_error("{}: this is no configuration of a model: a JSON object with a model_type", name);
  const std::string family = j["model_type"];
  if (family == "deepseek_v3" || family == "deepseek_v2")
    return std::make_shared<DeepseekV3>(from_hf_json(text, name), dtype);
  if (family == "llama" || family == "qwen2" || family == "qwen3" || family == "qwen3_moe")
    return std::make_shared<Llama>(llama_from_hf_json(text, name), dtype);
  user_error("{}: model_type '{}' is not supported; deepseek_v2, deepseek_v3, llama, qwen2, qwen3 and qwen3_moe are",
             name, family);
}

}  // namespace

weights::NamedTensors hf_tensors(Decoder& model) {
  const at::NoGradGuard no_grad;
  weights::NamedTensors out;
  model.visit_parameters([&](const Parameter& p) {
    const at::Tensor tensor = p.tensor->detach();
    if (p.name.ends_with(kGateUp)) {
      const std::int64_t inner = tensor.size(1) / 2;
      weights::append_unstacked(out, expert_pattern(p.name, kGateUp, "gate_proj"), tensor.narrow(1, 0, inner));
      weights::append_unstacked(out, expert_pattern(p.name, kGateUp, "up_proj"), tensor.narrow(1, inner, inner));
    } else if (p.name.ends_with(kDown)) {
      weights::append_unstacked(out, expert_pattern(p.name, kDown, "down_proj"), tensor);
    } else {
      out.emplace_back(p.name, tensor);
    }
  });
  return out;
}

void load_hf_tensors(Decoder& model, const weights::SafetensorsReader& reader) {
  const at::NoGradGuard no_grad;
  const std::int64_t experts = model.shape().n_routed_experts;
  model.visit_parameters([&](const Parameter& p) {
    if (p.name.ends_with(kGateUp)) {
      const at::Tensor gate = weights::load_stacked(reader, expert_pattern(p.name, kGateUp, "gate_proj"), experts);
      const at::Tensor up = weights::load_stacked(reader, expert_pattern(p.name, kGateUp, "up_proj"), experts);
      copy_checked(p, at::cat({gate, up}, 1));
    } else if (p.name.ends_with(kDown)) {
      copy_checked(p, weights::load_stacked(reader, expert_pattern(p.name, kDown, "down_proj"), experts));
    } else {
      copy_checked(p, reader.load(p.name));
    }
  });
}

std::shared_ptr<Decoder> load_hf_folder(const std::filesystem::path& folder, at::ScalarType dtype) {
  std::shared_ptr<Decoder> model = make_decoder(folder / "config.json", dtype);
  load_hf_tensors(*model, weights::SafetensorsReader(folder));
  return model;
}

void write_hf_files(Decoder& model, const TokenIds& ids, const std::filesystem::path& folder) {
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(model.hf_config());
  const nlohmann::ordered_json generation = {
      {"bos_token_id", ids.bos}, {"eos_token_id", ids.eos}, {"pad_token_id", ids.pad}};
  config.update(generation);
  core::write_file_atomic(folder / "config.json", config.dump(2) + "\n");
  core::write_file_atomic(folder / "generation_config.json", generation.dump(2) + "\n");
  weights::write_safetensors(folder / "model.safetensors", hf_tensors(model));
}

std::vector<std::int32_t> load_eos_ids(const std::filesystem::path& folder) {
  for (const char* name : {"generation_config.json", "config.json"}) {
    const std::filesystem::path file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    const nlohmann::json j = nlohmann::json::parse(core::read_file(file), nullptr, false);
    if (j.is_discarded()) user_error("{}: not valid JSON", file.string());
    if (!j.contains("eos_token_id") || j["eos_token_id"].is_null()) continue;
    const nlohmann::json& eos = j["eos_token_id"];
    if (eos.is_number_integer()) return {eos.get<std::int32_t>()};
    if (eos.is_array()) return eos.get<std::vector<std::int32_t>>();
    user_error("{}: eos_token_id is neither a number nor a list", file.string());
  }
  user_error("{}: neither generation_config.json nor config.json has an eos_token_id", folder.string());
}

}  // namespace r1::model
