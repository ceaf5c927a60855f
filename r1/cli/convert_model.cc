// Wires what the layers below know apart: names and weights (model/convert.h), tokenizer keys (gguf_tokenizer.h)
// (convert_model.h).
#include "r1/cli/convert_model.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "r1/cli/gguf_tokenizer.h"
#include "r1/cli/model_folder.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/adapter_config.h"
#include "r1/model/convert.h"
#include "r1/pipeline/manifest.h"
#include "r1/weights/gguf_header.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

model::FolderFormat folder_format(const ConvertConfig& config) {
  return {.dtype = config.dtype, .max_shard_bytes = parse_size(config.shard_size)};
}

weights::GgufType gguf_type(const std::string& name) {
  using enum weights::GgufType;
  constexpr std::pair<std::string_view, weights::GgufType> kTypes[] = {
      {"f32", F32}, {"f16", F16}, {"bf16", BF16}, {"q8_0", Q8_0}, {"q4_0", Q4_0}};
  for (const auto& [known, type] : kTypes)
    if (name == known) return type;
  user_error("--type: '{}' is none of f32, f16, bf16, q8_0, q4_0", name);
}

void from_gguf(const fs::path& from, const fs::path& to, const ConvertConfig& config) {
  const model::FolderFormat format = folder_format(config);
  const TokenizerFiles files = tokenizer_files(weights::read_gguf_metadata(from), from.string());
  core::write_directory_atomic(to, [&](const fs::path& folder) {
    core::write_file_atomic(folder / "tokenizer.json", files.tokenizer_json);
    core::write_file_atomic(folder / "tokenizer_config.json", files.tokenizer_config_json);
    core::write_file_atomic(folder / "generation_config.json", files.generation_config_json);
    model::gguf_to_folder(from, {.bos = files.bos, .pad = files.pad, .eos = files.eos}, format, folder);
  });
}

/// Whether a folder's file belongs to the model and is not rewritten: tokenizer, templates, generation settings, notes.
bool is_copied(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  if (entry.is_directory()) return name == "additional_chat_templates";
  const bool rewritten = name == "config.json" || name.ends_with(".safetensors.index.json");
  const bool other_weights = name.ends_with(".safetensors") || name.ends_with(".gguf") || name.ends_with(".bin");
  return entry.is_regular_file() && !rewritten && !other_weights && name != pipeline::kManifestFile &&
         !name.ends_with(".partial");
}

void from_folder(const fs::path& from, const fs::path& to, const ConvertConfig& config) {
  const model::FolderFormat format = folder_format(config);
  core::write_directory_atomic(to, [&](const fs::path& folder) {
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
      std::error_code error;
      if (is_copied(entry))
        fs::copy(entry.path(), folder / entry.path().filename(), fs::copy_options::recursive, error);
      if (error) user_error("can't copy {}: {}", entry.path().string(), error.message());
    }
    model::folder_to_folder(from, format, folder, config.adapter);
  });
}

void to_gguf(const fs::path& from, const fs::path& to, const ConvertConfig& config) {
  const weights::GgufType type = gguf_type(config.type);
  const fs::path file = from / "config.json";
  const nlohmann::json json = nlohmann::json::parse(core::read_file(file), nullptr, /*allow_exceptions=*/false);
  const bool there = json.is_object() && json.contains("vocab_size") && json["vocab_size"].is_number_unsigned();
  const std::uint64_t vocab_size = there ? json["vocab_size"].get<std::uint64_t>() : 0;
  if (vocab_size == 0 || vocab_size > INT32_MAX) user_error("{}: no vocab_size, or no sensible one", file.string());
  weights::GgufMetadata keys = gguf_tokenizer(from, static_cast<std::int64_t>(vocab_size));
  keys.set("general.name", fs::weakly_canonical(from).filename().string());
  model::folder_to_gguf(from, type, keys, to);
}

}  // namespace

void fields(core::FieldVisitor& v, ConvertConfig& c) {
  v("dtype", c.dtype, "a folder's tensors: f32 | bf16 | f16; empty: as they are, quantised ones f32");
  v("type", c.type, "a GGUF file's matrices: f32 | f16 | bf16 | q8_0 | q4_0");
  v("adapter", c.adapter, "low-rank adapter (PEFT's format) to merge into a folder's weights");
  v("shard_size", c.shard_size, "largest .safetensors file: bytes, or e.g. 500MB, 5GB, 4GiB");
}

void convert_model(const fs::path& given, const fs::path& to, const ConvertConfig& settings) {
  ConvertConfig config = settings;
  fs::path from = given;
  if (!config.adapter.empty() || model::is_adapter_folder(given)) {
    const ModelSource source = model_source(given, config.adapter);
    from = source.folder;
    config.adapter = source.adapter.string();
  }
  if (!fs::exists(from)) user_error("{}: there is no such file or folder", from.string());
  const bool source_is_gguf = from.extension() == ".gguf", target_is_gguf = to.extension() == ".gguf";
  if (!config.adapter.empty() && target_is_gguf)
    user_error("{}: merge the adapter into a folder first, and convert that to GGUF", config.adapter);
  if (!source_is_gguf && !fs::is_directory(from))
    user_error("{}: is neither a .gguf file nor a model folder", from.string());
  if (source_is_gguf && target_is_gguf)
    user_error("{}: convert it into a folder first, and that to GGUF", from.string());
  if (fs::exists(to) && fs::equivalent(from, to)) user_error("{}: is the source itself", to.string());
  if (!target_is_gguf && fs::exists(to) && !(fs::is_directory(to) && fs::is_empty(to)))
    user_error("{}: is there already; remove it or name another folder", to.string());
  if (source_is_gguf) return from_gguf(from, to, config);
  target_is_gguf ? to_gguf(from, to, config) : from_folder(from, to, config);
}

std::uint64_t parse_size(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"", 1},          {"kB", 1'000},    {"MB", 1'000'000}, {"GB", 1'000'000'000},
      {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  for (const auto& [name, factor] : kUnits)
    if (error == std::errc() && unit == name && number > 0 && number <= UINT64_MAX / factor) return number * factor;
  user_error("'{}' is no size: a whole number of bytes, or of kB, MB, GB, KiB, MiB, GiB", text);
}

}  // namespace r1::cli
