// Hugging Face folders (checkpoint.h).
#include "r1/model/checkpoint.h"

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/core/log.h"
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

/// A parameter as the tensors it is on disk: views.
void append_on_disk(weights::NamedTensors& out, const Parameter& p) {
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
}

/// The family that a config.json names, its parameters not filled yet.
std::shared_ptr<Decoder> make_decoder(const nlohmann::json& j, const std::string& text, const std::string& name,
                                      at::ScalarType dtype) {
  const std::string family = j["model_type"];
  if (family == "deepseek_v3" || family == "deepseek_v2")
    return std::make_shared<DeepseekV3>(from_hf_json(text, name), dtype);
  if (family == "llama" || family == "qwen2" || family == "qwen3" || family == "qwen3_moe")
    return std::make_shared<Llama>(llama_from_hf_json(text, name), dtype);
  user_error("{}: model_type '{}' is not supported; deepseek_v2, deepseek_v3, llama, qwen2, qwen3 and qwen3_moe are",
             name, family);
}

/// How the file's FP8 tensors are scaled; other quantisations are refused by name.
weights::Fp8Blocks fp8_blocks(const nlohmann::json& j, const std::string& name) {
  if (!j.contains("quantization_config") || j["quantization_config"].is_null()) return {};
  const nlohmann::json& q = j["quantization_config"];
  const auto text = [&](const char* key, const char* otherwise) {
    return q.is_object() && q.contains(key) && q[key].is_string() ? q[key].get<std::string>() : otherwise;
  };
  const std::string method = text("quant_method", "unknown"), format = text("fmt", "e4m3");
  if (method != "fp8" || format != "e4m3")
    user_error("{}: quantization_config of method {}, format {} is not supported; fp8 e4m3 in blocks is", name, method,
               format);
  const nlohmann::json block = q.value("weight_block_size", nlohmann::json());
  const auto positive = [](const nlohmann::json& size) {
    return size.is_number_unsigned() && size.get<std::int64_t>() > 0;
  };
  if (!block.is_array() || block.size() != 2 || !positive(block[0]) || !positive(block[1]))
    user_error("{}: quantization_config: weight_block_size is {}; it must be [rows, columns] of a block", name,
               block.dump());
  return {block[0].get<std::int64_t>(), block[1].get<std::int64_t>()};
}

/// A tensor that says nothing which the model does not know: angles (old Llama files), and the MTP module's copies of
/// embedding and head.
bool is_redundant(const std::string& name, bool with_mtp) {
  const bool copy = name.ends_with(".embed_tokens.weight") || name.ends_with(".shared_head.head.weight");
  return name.ends_with("rotary_emb.inv_freq") || (with_mtp && copy && name.starts_with("model.layers."));
}

void warn_of_unread(const Decoder& model, std::vector<std::string> names, const std::filesystem::path& folder) {
  const bool with_mtp = model.shape().num_nextn_predict_layers > 0;
  std::erase_if(names, [&](const std::string& name) { return is_redundant(name, with_mtp); });
  if (!names.empty())
    R1_LOG(warn, "{}: {} tensors are not read: config.json does not ask for them; the first is {}", folder.string(),
           names.size(), names.front());
}

}  // namespace

weights::NamedTensors hf_tensors(Decoder& model) {
  const at::NoGradGuard no_grad;
  weights::NamedTensors out;
  model.visit_parameters([&](const Parameter& p) { append_on_disk(out, p); });
  return out;
}

void load_hf_tensors(Decoder& model, weights::CheckpointTensors& tensors) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, place] : hf_tensors(model)) tensors.copy_to(place, name);
}

std::shared_ptr<Decoder> load_hf_folder(const std::filesystem::path& folder, at::ScalarType dtype,
                                        const std::vector<std::string>& read_elsewhere) {
  const std::string name = (folder / "config.json").string(), text = core::read_file(name);
  core::check_json_depth(text, name);
  const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || !j.contains("model_type") || !j["model_type"].is_string())
    user_error("{}: this is no configuration of a model: a JSON object with a model_type", name);
  const weights::Fp8Blocks blocks = fp8_blocks(j, name);
  std::shared_ptr<Decoder> model = make_decoder(j, text, name, dtype);
  const weights::SafetensorsReader reader(folder);
  weights::CheckpointTensors tensors(reader, blocks);
  load_hf_tensors(*model, tensors);
  std::vector<std::string> unread = tensors.unread();
  for (const std::string& known : read_elsewhere) std::erase(unread, known);
  warn_of_unread(*model, std::move(unread), folder);
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

std::string with_token_ids(const std::string& config_json, const std::filesystem::path& source) {
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(config_json);
  const nlohmann::ordered_json from = nlohmann::ordered_json::parse(core::read_file(source / "config.json"));
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"})
    if (from.contains(key)) config[key] = from[key];
  return config.dump(2) + "\n";
}

void copy_companion_files(const std::filesystem::path& source, const std::filesystem::path& folder) {
  for (const char* name : {"generation_config.json", "tokenizer.json", "tokenizer_config.json",
                           "special_tokens_map.json", "chat_template.jinja"})
    if (std::filesystem::exists(source / name)) core::write_file_atomic(folder / name, core::read_file(source / name));
}

void write_successor_files(Decoder& model, const std::filesystem::path& source, const std::filesystem::path& folder) {
  core::write_file_atomic(folder / "config.json", with_token_ids(model.hf_config(), source));
  copy_companion_files(source, folder);
  weights::write_safetensors(folder / "model.safetensors", hf_tensors(model));
}

}  // namespace r1::model
