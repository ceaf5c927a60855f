// r1 inspect PATH: what a model folder, token shard, tokenizer or stage directory holds.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "r1/cli/memory_need.h"
#include "r1/cli/options.h"
#include "r1/cli/verbs.h"
#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/data/token_shard.h"
#include "r1/model/adapter_config.h"
#include "r1/pipeline/manifest.h"
#include "r1/tokenizer/tokenizer.h"
#include "r1/weights/list_tensors.h"

namespace r1::cli {

namespace {

namespace fs = std::filesystem;

struct InspectConfig {
  bool tensors = false;
};
void fields(core::FieldVisitor& v, InspectConfig& c) { v("tensors", c.tensors, "model: list every tensor"); }

/// The part of a model that a tensor belongs to, by its Hugging Face or GGUF name.
std::string part_of(const std::string& name) {
  constexpr std::pair<const char*, const char*> kParts[] = {{"lm_head", "output head"},
                                                            {"embed_tokens", "embedding"},
                                                            {".mlp.experts.", "routed experts"},
                                                            {"shared_experts", "shared experts"},
                                                            {".mlp.gate.", "router"},
                                                            {".self_attn.", "attention"},
                                                            {".mlp.", "dense feed-forward"},
                                                            {"norm", "norms"},
                                                            {"eh_proj", "multi-token prediction"},
                                                            {"token_embd", "embedding"},
                                                            {"_shexp", "shared experts"},
                                                            {"_exps", "routed experts"},
                                                            {"ffn_gate_inp", "router"},
                                                            {".attn_", "attention"},
                                                            {".ffn_", "dense feed-forward"},
                                                            {"output.", "output head"}};
  for (const auto& [key, part] : kParts)
    if (name.find(key) != std::string::npos) return part;
  return "other";
}

std::string shape_text(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// Bytes to serve, fine-tune and reinforce, in both types; nothing without a config.json that says the sizes.
void print_memory(const fs::path& config, std::int64_t parameters) {
  const std::optional<CacheNumbers> cache = fs::exists(config) ? cache_numbers(config) : std::nullopt;
  if (!cache) return;
  const MemoryNeed bf16 = memory_need(parameters, *cache, 2), f32 = memory_need(parameters, *cache, 4);
  const auto row = [](const char* what, std::int64_t half, std::int64_t full) {
    fmt::print("  {:<54} {:>16} {:>16}\n", what, half, full);
  };
  fmt::print("memory in bytes, activations apart {:>37} {:>16}\n", "bf16", "f32");
  row("serve: weights", bf16.weights, f32.weights);
  row("  and keys and values of each 1,000 tokens", bf16.cache_1000, f32.cache_1000);
  if (cache->fast != cache->exact) row("  or, numerics fast, their latent", bf16.fast_cache_1000, f32.fast_cache_1000);
  row("SFT: weights, gradients, AdamW's states in f32", bf16.fine_tuning(), f32.fine_tuning());
  row("RL: the same, a reference model, and the cache above", bf16.reinforcement(), f32.reinforcement());
}

void inspect_model(const fs::path& path, const InspectConfig& config) {
  const std::vector<weights::TensorSummary> tensors = weights::list_tensors(path);
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> parts;  // tensors, elements
  std::map<std::string, std::int64_t> dtypes;
  std::int64_t total = 0;
  for (const weights::TensorSummary& tensor : tensors) {
    auto& [count, elements] = parts[part_of(tensor.name)];
    ++count;
    elements += tensor.num_elements();
    total += tensor.num_elements();
    ++dtypes[tensor.dtype];
    if (config.tensors)
      fmt::print("{:<70} {:<8} {:<20} {:>12}\n", tensor.name, tensor.dtype, shape_text(tensor.shape),
                 tensor.num_elements());
  }
  fmt::print("{}: {} tensors, {} parameters", path.string(), tensors.size(), total);
  for (const auto& [dtype, count] : dtypes) fmt::print(", {} of {}", count, dtype);
  fmt::print("\n");
  for (const auto& [part, figures] : parts)
    fmt::print("  {:<24} {:>6} tensors {:>14} parameters {:>6.2f}%\n", part, figures.first, figures.second,
               100.0 * static_cast<double>(figures.second) / static_cast<double>(std::max<std::int64_t>(total, 1)));
  if (path.extension() != ".gguf")
    print_memory((fs::is_directory(path) ? path : path.parent_path()) / "config.json", total);
}

void inspect_manifest(const fs::path& directory) {
  const pipeline::Manifest manifest = pipeline::read_manifest(directory).value();
  const bool intact = pipeline::check_outputs(directory, manifest) == pipeline::OutputState::Intact;
  fmt::print("stage {} of recipe {}, r1 {}, {:.1f} s, configuration {}\n", manifest.stage, manifest.recipe,
             manifest.code_version, manifest.seconds, manifest.config_hash);
  for (const pipeline::InputRecord& input : manifest.inputs) fmt::print("  in   {:<40} {}\n", input.path, input.hash);
  for (const pipeline::OutputRecord& output : manifest.outputs)
    fmt::print("  out  {:<40} {} {:>12} bytes\n", output.path, output.hash, output.bytes);
  for (const auto& [name, value] : manifest.metrics) fmt::print("  {:<45} {:.10g}\n", name, value);
  fmt::print("outputs are {}\n", intact ? "as written" : "not all there");
}

void inspect_shard(const fs::path& file) {
  const data::TokenShard shard(file);
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < shard.num_documents(); ++i) sizes.push_back(shard.document_size(i));
  std::sort(sizes.begin(), sizes.end());
  fmt::print("{}: {} tokens in {} documents, vocabulary {}, {}, hash {}\n", file.string(), shard.num_tokens(),
             shard.num_documents(), shard.vocab_size(), shard.has_mask() ? "with a loss mask" : "without loss mask",
             shard.hash());
  if (!sizes.empty())
    fmt::print("  tokens a document: shortest {}, median {}, longest {}\n", sizes.front(), sizes[sizes.size() / 2],
               sizes.back());
}

void inspect_tokenizer(const fs::path& file) {
  const tokenizer::Tokenizer tokenizer = tokenizer::Tokenizer::load(file);
  fmt::print("{}: vocabulary {}, {} merges, {} splits\n", file.string(), tokenizer.vocab_size(),
             tokenizer.model().merges.size(), tokenizer.model().split_patterns.size());
  for (const auto& [text, id] : tokenizer.model().special_tokens) fmt::print("  {:>7} {}\n", id, text);
}

void inspect(const fs::path& path, const InspectConfig& config) {
  if (!fs::exists(path)) user_error("{}: there is no such file or folder", path.string());
  if (path.filename() == pipeline::kManifestFile) return inspect_manifest(path.parent_path());
  if (fs::is_directory(path) && fs::exists(path / pipeline::kManifestFile)) return inspect_manifest(path);
  if (model::is_adapter_folder(path)) return inspect_model(path / model::kAdapterTensorsFile, config);
  if (path.extension() == ".tokens") return inspect_shard(path);
  if (path.filename() == "tokenizer.json") return inspect_tokenizer(path);
  if (fs::is_directory(path) || path.extension() == ".safetensors" || path.extension() == ".gguf")
    return inspect_model(path, config);
  user_error("{}: is no model folder, .safetensors, .gguf, .tokens, tokenizer.json or stage directory", path.string());
}

}  // namespace

void add_inspect_verb(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("inspect", "what a model, token shard, tokenizer or stage directory holds");
  auto config = std::make_shared<InspectConfig>();
  auto path = std::make_shared<std::string>();
  verb->add_option("path", *path, "file or folder")->required();
  add_options(*verb, *config);
  verb->callback([config, path] { inspect(*path, *config); });
}

}  // namespace r1::cli
