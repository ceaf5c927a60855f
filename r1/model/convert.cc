// Which tensors there are comes from the families; here they are checked, permuted, converted and written
// (convert.h).
#include "r1/model/convert.h"

#include <ATen/ops/any.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/families/llama/gguf.h"
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

constexpr const char* kRopeFactors = "rope_freqs.weight";

bool known_family(const std::string& name) { return name == "llama" || name == "qwen2" || name == "qwen3"; }

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

/// What a tensor of a file becomes without a wish: floating types stay, all else is float32.
at::ScalarType stored_dtype(GgufType type) {
  switch (type) {
    case GgufType::F16:
      return at::kHalf;
    case GgufType::BF16:
      return at::kBFloat16;
    case GgufType::F64:
      return at::kDouble;
    default:
      return at::kFloat;
  }
}

/// In another floating type. UserError when a finite number becomes an infinity.
at::Tensor converted(const at::Tensor& from, at::ScalarType dtype, const std::string& where) {
  if (from.scalar_type() == dtype) return from;
  at::Tensor to = from.to(dtype);
  if (dtype == at::kHalf && at::any(at::isinf(to).logical_and(at::isfinite(from))).item<bool>())
    user_error("{} holds a number that f16 can't hold; write it as bf16 or f32", where);
  return to;
}

/// Rows 0 h/2 1 h/2+1 ... of each of `heads` heads <-> rows 0 1 2 ... (GgufTensor::interleaved_heads).
at::Tensor swap_halves(const at::Tensor& rows, std::int64_t heads, bool to_gguf) {
  if (heads == 0) return rows;
  const std::int64_t pairs = rows.size(0) / heads / 2, rest = rows.numel() / rows.size(0);
  const std::vector<std::int64_t> cut =
      to_gguf ? std::vector{heads, std::int64_t{2}, pairs, rest} : std::vector{heads, pairs, std::int64_t{2}, rest};
  return rows.reshape(cut).transpose(1, 2).reshape(rows.sizes());
}

void check_shape(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& expected,
                 const std::string& where) {
  if (shape != expected)
    user_error("{} has shape {}, the configuration asks for {}", where, fmt::join(shape, "x"),
               fmt::join(expected, "x"));
}

std::string where_of(const fs::path& file, const std::string& tensor) {
  return fmt::format("{}: tensor '{}'", file.string(), weights::gguf_printable(tensor));
}

LlamaGgufFacts facts_of(const GgufReader& reader, const fs::path& file) {
  LlamaGgufFacts facts;
  const std::vector<std::int64_t>& embedding = reader.info("token_embd.weight").shape;
  if (embedding.size() != 2)
    user_error("{} has {} dimensions, not 2", where_of(file, "token_embd.weight"), embedding.size());
  facts.vocab_size = embedding[0];
  facts.tied_head = !reader.contains("output.weight");
  facts.attention_bias = reader.contains("blk.0.attn_q.bias");
  if (!reader.contains(kRopeFactors)) return facts;
  const at::Tensor factors = reader.load(kRopeFactors).to(at::kDouble).flatten();
  facts.rope_factors.assign(factors.const_data_ptr<double>(), factors.const_data_ptr<double>() + factors.numel());
  return facts;
}

/// Every tensor of the file is one of the model's, or its numbers would be left out unseen.
void refuse_unknown_tensors(const GgufReader& reader, const std::vector<GgufTensor>& known, const fs::path& file) {
  std::set<std::string> names = {kRopeFactors};
  for (const GgufTensor& tensor : known) names.insert(tensor.gguf);
  for (const std::string& name : reader.names())
    if (!names.contains(name)) user_error("{} is none of this architecture's", where_of(file, name));
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

/// Tensors of a folder that carry nothing of their own: angles that old exporters saved, the copy of a tied head.
bool is_redundant(const std::string& name, const LlamaConfig& config) {
  return name.ends_with("rotary_emb.inv_freq") || (name == "lm_head.weight" && config.tie_word_embeddings);
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

LlamaConfig read_config(const fs::path& file) {
  const std::string text = core::read_file(file);
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const std::string family = json.is_object() && json.contains("model_type") && json["model_type"].is_string()
                                 ? json["model_type"].get<std::string>()
                                 : "";
  if (!known_family(family))
    user_error("{}: model_type '{}' can't be written as GGUF; llama, qwen2 and qwen3 can", file.string(), family);
  return llama_from_hf_json(text, file.string());
}

}  // namespace

void gguf_to_folder(const fs::path& gguf, const SpecialIds& ids, const FolderFormat& format, const fs::path& folder) {
  const std::optional<at::ScalarType> wanted = wanted_dtype(format.dtype);
  const GgufReader reader(gguf);
  const std::string& architecture = reader.metadata().text("general.architecture");
  if (!known_family(architecture))
    user_error("{}: general.architecture '{}' is not supported; llama, qwen2 and qwen3 are", gguf.string(),
               weights::gguf_printable(architecture));
  const LlamaConfig config = llama_from_gguf(reader.metadata(), facts_of(reader, gguf), gguf.string());
  const std::vector<GgufTensor> tensors = llama_gguf_tensors(config);
  refuse_unknown_tensors(reader, tensors, gguf);
  std::vector<weights::SafetensorsOutput> outputs;
  for (const GgufTensor& tensor : tensors) {
    const weights::GgufTensorInfo& info = reader.info(tensor.gguf);
    const std::string where = where_of(gguf, tensor.gguf);
    check_shape(info.shape, tensor.shape, where);
    const at::ScalarType stored = stored_dtype(info.type), dtype = wanted.value_or(stored);
    const auto load = [&reader, tensor, where, stored, dtype] {
      return swap_halves(converted(reader.load(tensor.gguf, stored), dtype, where), tensor.interleaved_heads, false);
    };
    outputs.push_back({.name = tensor.hf, .shape = tensor.shape, .dtype = dtype, .load = load});
  }
  const std::string dtype = config_dtype(most_common_dtype(outputs));
  core::write_file_atomic(folder / "config.json", with_ids(to_hf_json(config, "f32"), ids, dtype));
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
  const LlamaConfig config = read_config(from / "config.json");
  const SafetensorsReader reader(from);
  GgufMetadata metadata;
  metadata.set("general.architecture", config.model_type);
  metadata.set("general.type", std::string("model"));
  metadata.set("general.file_type", file_type(type));
  metadata.set("general.quantization_version", std::uint32_t{2});
  set_llama_gguf(config, metadata);
  for (const auto& [key, value] : tokenizer.entries()) metadata.set(key, value);

  std::vector<weights::GgufOutput> outputs;
  std::set<std::string> known;
  for (const GgufTensor& tensor : llama_gguf_tensors(config)) {
    known.insert(tensor.hf);
    check_shape(reader.info(tensor.hf).shape, tensor.shape, where_of(from, tensor.hf));
    const auto load = [&reader, tensor] { return swap_halves(reader.load(tensor.hf), tensor.interleaved_heads, true); };
    outputs.push_back({.name = tensor.gguf, .shape = tensor.shape, .type = type, .load = load});
  }
  for (const std::string& name : reader.names())
    if (!known.contains(name) && !is_redundant(name, config))
      user_error("{} is none of this architecture's", where_of(from, name));
  if (config.rope.type == "llama3")
    outputs.push_back(
        weights::gguf_output(kRopeFactors, at::tensor(llama3_rope_factors(config.rope)).to(at::kFloat), GgufType::F32));
  weights::write_gguf(gguf, outputs, metadata);
}

}  // namespace r1::model
