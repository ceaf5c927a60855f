// Which tensors there are comes from the families (gguf_model.h), how each is moved from gguf_outputs.h; here files are
// put together (convert.h).
#include "r1/model/convert.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/core/log.h"
#include "r1/model/gguf_model.h"
#include "r1/model/gguf_outputs.h"
#include "r1/model/lora_file.h"
#include "r1/weights/gguf.h"
#include "r1/weights/safetensors.h"

namespace r1::model {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using weights::GgufMetadata;
using weights::GgufReader;
using weights::GgufType;
using weights::SafetensorsReader;

/// Nothing for an empty name.
std::optional<at::ScalarType> wanted_dtype(const std::string& name) {
  if (name.empty()) return {};
  if (name == "f32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  if (name == "f16") return at::kHalf;
  user_error("unknown dtype '{}': use f32, bf16 or f16", name);
}

/// What config.json calls a dtype.
std::string config_dtype(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    case at::kDouble:
      return "float64";
    default:
      return "float32";
  }
}

/// Tensors of a folder that carry nothing of their own: angles that old exporters saved, the copy of a tied head.
bool is_redundant(const std::string& name, bool tied_head) {
  return name.ends_with("rotary_emb.inv_freq") || (name == "lm_head.weight" && tied_head);
}

/// Every tensor of the file is one of the model's, or its numbers would be left out unseen.
void refuse_unknown_tensors(const GgufReader& reader, const std::vector<GgufTensor>& known, const fs::path& file) {
  std::set<std::string> names = {kRopeFactors};
  for (const GgufTensor& tensor : known)
    for (const std::string& name : names_in_gguf(tensor)) names.insert(name);
  for (const std::string& name : reader.names())
    if (!names.contains(name)) user_error("{} is none of this architecture's", where_of(file, name));
}

/// The same for a folder; multi-token prediction, which no GGUF file holds, is said to be left out.
void refuse_unknown_tensors(const SafetensorsReader& reader, const GgufModel& model, const fs::path& folder) {
  std::set<std::string> known;
  for (const GgufTensor& tensor : model.tensors)
    for (const std::string& name : names_in_folder(tensor)) known.insert(name);
  bool leaves_out = false;
  for (const std::string& name : reader.names()) {
    const bool left_out = !model.left_out.empty() && name.starts_with(model.left_out);
    leaves_out = leaves_out || left_out;
    if (!known.contains(name) && !left_out && !is_redundant(name, model.tied_head))
      user_error("{} is none of this architecture's", where_of(folder, name));
  }
  if (leaves_out)
    R1_LOG(warn, "{}: {}* (multi-token prediction) is left out: GGUF has no place for it", folder.string(),
           model.left_out);
}

/// The ids, and the dtype of most of the numbers.
std::string with_ids(const std::string& config, const SpecialIds& ids, const std::string& dtype) {
  Json json = Json::parse(config);
  if (ids.bos) json["bos_token_id"] = *ids.bos;
  if (ids.eos.size() == 1) json["eos_token_id"] = ids.eos.front();
  if (ids.eos.size() > 1) json["eos_token_id"] = ids.eos;
  if (ids.pad) json["pad_token_id"] = *ids.pad;
  json["torch_dtype"] = dtype;
  return json.dump(2) + "\n";
}

at::ScalarType most_common_dtype(const std::vector<weights::SafetensorsOutput>& outputs) {
  std::map<at::ScalarType, std::uint64_t> bytes;
  for (const weights::SafetensorsOutput& output : outputs) bytes[output.dtype] += output.num_bytes();
  return std::ranges::max_element(bytes, {}, [](const auto& item) { return item.second; })->first;
}

/// Every layer of the adapter is one of the model's, or it would be left out unseen.
void check_layers(const LoraFile& lora, const SafetensorsReader& model) {
  for (const auto& [layer, pair] : lora.pairs())
    if (!model.contains(layer + ".weight"))
      user_error("{}: the base model has no tensor '{}.weight'", lora.name(), layer);
}

std::uint32_t file_type(GgufType type) {  // general.file_type
  switch (type) {
    case GgufType::F16:
      return 1;
    case GgufType::Q4_0:
      return 2;
    case GgufType::Q8_0:
      return 7;
    case GgufType::BF16:
      return 32;
    default:
      return 0;
  }
}

}  // namespace

void gguf_to_folder(const fs::path& gguf, const SpecialIds& ids, const FolderFormat& format, const fs::path& folder) {
  const std::optional<at::ScalarType> wanted = wanted_dtype(format.dtype);
  const GgufReader reader(gguf);
  const GgufModel model = model_of_gguf(reader, gguf);
  refuse_unknown_tensors(reader, model.tensors, gguf);
  std::vector<weights::SafetensorsOutput> outputs;
  for (const GgufTensor& tensor : model.tensors)
    for (weights::SafetensorsOutput& output : folder_outputs(reader, tensor, wanted, gguf))
      outputs.push_back(std::move(output));
  const std::string dtype = config_dtype(most_common_dtype(outputs));
  core::write_file_atomic(folder / "config.json", with_ids(model.config_json, ids, dtype));
  weights::write_sharded_safetensors(folder, std::move(outputs), format.max_shard_bytes);
}

void folder_to_folder(const fs::path& from, const FolderFormat& format, const fs::path& folder,
                      const fs::path& adapter) {
  const std::optional<at::ScalarType> wanted = wanted_dtype(format.dtype);
  const SafetensorsReader reader(from);
  const std::optional<LoraFile> lora = adapter.empty() ? std::nullopt : std::optional<LoraFile>(adapter);
  if (lora) check_layers(*lora, reader);
  std::string config = core::read_file(from / "config.json");
  if (wanted) {
    core::check_json_depth(config, (from / "config.json").string());
    Json json = Json::parse(config, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) user_error("{}: holds no JSON object", (from / "config.json").string());
    if (json.contains("quantization_config") && !json["quantization_config"].is_null())
      user_error("{}: a quantised checkpoint keeps its type: leave --dtype out", (from / "config.json").string());
    json[json.contains("dtype") ? "dtype" : "torch_dtype"] = config_dtype(*wanted);
    config = json.dump(2) + "\n";
  }
  std::vector<weights::SafetensorsOutput> outputs;
  for (const std::string& name : reader.names()) {
    const weights::TensorInfo& info = reader.info(name);
    const at::ScalarType dtype = wanted && at::isFloatingType(info.dtype) ? *wanted : info.dtype;
    const auto load = [&reader, &lora, name, dtype, where = where_of(from, name)] {
      const at::Tensor stored = reader.load(name);
      return converted(lora ? lora->merged(name, stored) : stored, dtype, where);
    };
    outputs.push_back({.name = name, .shape = info.shape, .dtype = dtype, .load = load});
  }
  core::write_file_atomic(folder / "config.json", config);
  weights::write_sharded_safetensors(folder, std::move(outputs), format.max_shard_bytes, reader.metadata());
}

void folder_to_gguf(const fs::path& from, GgufType type, const GgufMetadata& tokenizer, const fs::path& gguf) {
  const SafetensorsReader reader(from);
  GgufMetadata metadata;
  const GgufModel model = model_of_folder(from / "config.json", metadata);
  metadata.set("general.type", std::string("model"));
  metadata.set("general.file_type", file_type(type));
  metadata.set("general.quantization_version", std::uint32_t{2});
  for (const auto& [key, value] : tokenizer.entries()) metadata.set(key, value);

  refuse_unknown_tensors(reader, model, from);
  std::vector<weights::GgufOutput> outputs;
  for (const GgufTensor& tensor : model.tensors)
    for (weights::GgufOutput& output : gguf_outputs(reader, tensor, type, from)) outputs.push_back(std::move(output));
  if (!model.rope_factors.empty())
    outputs.push_back(weights::gguf_output(kRopeFactors, at::tensor(model.rope_factors).to(at::kFloat), GgufType::F32));
  weights::write_gguf(gguf, outputs, metadata);
}

}  // namespace r1::model
