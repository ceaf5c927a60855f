// (gguf_model.h)
#include "r1/model/gguf_model.h"

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/json_depth.h"
#include "r1/model/families/deepseek_v3/gguf.h"
#include "r1/model/families/llama/gguf.h"

namespace r1::model {

namespace {

namespace fs = std::filesystem;
using weights::GgufReader;

constexpr const char* kEmbedding = "token_embd.weight";

std::int64_t vocab_size(const GgufReader& reader, const fs::path& file) {
  const std::vector<std::int64_t>& shape = reader.info(kEmbedding).shape;
  if (shape.size() != 2)
    user_error("{}: tensor '{}' has {} dimensions, not 2", file.string(), kEmbedding, shape.size());
  return shape[0];
}

LlamaGgufFacts facts_of(const GgufReader& reader, const fs::path& file) {
  LlamaGgufFacts facts;
  facts.vocab_size = vocab_size(reader, file);
  facts.tied_head = !reader.contains("output.weight");
  facts.attention_bias = reader.contains("blk.0.attn_q.bias");
  if (!reader.contains(kRopeFactors)) return facts;
  const at::Tensor factors = reader.load(kRopeFactors).to(at::kDouble).flatten();
  facts.rope_factors.assign(factors.const_data_ptr<double>(), factors.const_data_ptr<double>() + factors.numel());
  return facts;
}

GgufModel llama_model(const LlamaConfig& config) {
  return {.config_json = to_hf_json(config, "f32"),
          .tensors = llama_gguf_tensors(config),
          .rope_factors = config.rope.type == "llama3" ? llama3_rope_factors(config.rope) : std::vector<double>{},
          .tied_head = config.tie_word_embeddings,
          .left_out = ""};
}

GgufModel deepseek_model(const DeepseekV3Config& config) {
  const bool mtp = config.num_nextn_predict_layers > 0;
  return {.config_json = to_hf_json(config, "f32"),
          .tensors = deepseek_gguf_tensors(config),
          .rope_factors = {},
          .left_out = mtp ? fmt::format("model.layers.{}.", config.num_hidden_layers) : ""};
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> known) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace

GgufModel model_of_gguf(const GgufReader& reader, const fs::path& file) {
  const std::string& architecture = reader.metadata().text("general.architecture");
  if (architecture == "deepseek2")
    return deepseek_model(deepseek_from_gguf(reader.metadata(), vocab_size(reader, file), file.string()));
  if (is_one_of(architecture, {"llama", "qwen2", "qwen3", "qwen3moe"}))
    return llama_model(llama_from_gguf(reader.metadata(), facts_of(reader, file), file.string()));
  user_error("{}: general.architecture '{}' is not supported; llama, qwen2, qwen3, qwen3moe and deepseek2 are",
             file.string(), weights::gguf_printable(architecture));
}

GgufModel model_of_folder(const fs::path& config_json, weights::GgufMetadata& metadata) {
  const std::string file = config_json.string(), text = core::read_file(config_json);
  core::check_json_depth(text, file);
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool named = json.is_object() && json.contains("model_type") && json["model_type"].is_string();
  const std::string family = named ? json["model_type"].get<std::string>() : "";
  if (is_one_of(family, {"deepseek_v2", "deepseek_v3"})) {
    const DeepseekV3Config config = from_hf_json(text, file);
    metadata.set("general.architecture", std::string("deepseek2"));
    set_deepseek_gguf(config, metadata);
    return deepseek_model(config);
  }
  if (!is_one_of(family, {"llama", "qwen2", "qwen3", "qwen3_moe"}))
    user_error(
        "{}: model_type '{}' can't be written as GGUF; llama, qwen2, qwen3, qwen3_moe, deepseek_v2 and deepseek_v3 can",
        file, family);
  const LlamaConfig config = llama_from_hf_json(text, file);
  metadata.set("general.architecture", llama_gguf_architecture(config));
  set_llama_gguf(config, metadata);
  return llama_model(config);
}

}  // namespace r1::model
