// config.json of `llama`, `qwen2`, `qwen3` and `qwen3_moe`, read and written (config.h).
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/model/families/llama/config.h"
#include "r1/model/layers/yarn.h"

namespace r1::model {

namespace {

using Json = nlohmann::ordered_json;

template <class T>
T optional(const Json& j, const char* key, const T& otherwise) {
  return j.contains(key) && !j[key].is_null() ? j[key].get<T>() : otherwise;
}

/// What the file may ask for that we can't do must not be passed over.
void refuse_unsupported(const Json& j, const std::string& file) {
  const auto refuse_true = [&](const char* key) {
    if (optional(j, key, false)) user_error("{}: {} true is not supported", file, key);
  };
  refuse_true("use_sliding_window");
  refuse_true("mlp_bias");
  if (optional<std::string>(j, "hidden_act", "silu") != "silu")
    user_error("{}: hidden_act '{}' is not supported; silu is", file, j["hidden_act"].get<std::string>());
  if (optional(j, "partial_rotary_factor", 1.0) != 1.0)
    user_error("{}: partial_rotary_factor below 1 is not supported", file);
  for (const Json& type : j.value("layer_types", Json::array()))
    if (type != "full_attention")
      user_error("{}: layer type '{}' is not supported; full_attention is", file, type.get<std::string>());
}

void read_yarn(const Json& j, RopeSpec& rope) {
  rope.beta_fast = optional(j, "beta_fast", 32.0);
  rope.beta_slow = optional(j, "beta_slow", 1.0);
  rope.truncate = optional(j, "truncate", true);
  const double mscale = optional(j, "mscale", 0.0), all = optional(j, "mscale_all_dim", 0.0);
  rope.attention_factor = mscale != 0.0 && all != 0.0 ? yarn_mscale(rope.factor, mscale) / yarn_mscale(rope.factor, all)
                                                      : yarn_mscale(rope.factor);
  rope.attention_factor = optional(j, "attention_factor", rope.attention_factor);
}

/// rope_scaling (older files) or rope_parameters (transformers 5), which also holds rope_theta.
RopeSpec read_rope(const Json& j, const std::string& file, const LlamaConfig& c) {
  RopeSpec rope{.theta = optional(j, "rope_theta", 10000.0), .dim = c.head_dim, .positions = c.max_position_embeddings};
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!j.contains(key) || j[key].is_null()) continue;
    const Json& s = j[key];
    rope.theta = optional(s, "rope_theta", rope.theta);
    rope.type = optional(s, "rope_type", optional<std::string>(s, "type", "default"));
    if (rope.type == "default") continue;
    if (rope.type != "linear" && rope.type != "yarn" && rope.type != "llama3")
      user_error("{}: {} of type '{}' is not supported; default, linear, yarn and llama3 are", file, key, rope.type);
    rope.factor = s.at("factor").get<double>();
    rope.original_max_position_embeddings =
        optional(s, "original_max_position_embeddings", static_cast<double>(c.max_position_embeddings));
    if (!(rope.factor >= 1.0) || !(rope.original_max_position_embeddings >= 1.0))
      user_error("{}: {}: factor {} and original_max_position_embeddings {} must be 1 or more", file, key, rope.factor,
                 rope.original_max_position_embeddings);
    if (rope.type == "yarn") read_yarn(s, rope);
    if (rope.type != "llama3") continue;
    rope.low_freq_factor = s.at("low_freq_factor").get<double>();
    rope.high_freq_factor = s.at("high_freq_factor").get<double>();
    if (!(rope.low_freq_factor > 0.0) || !(rope.high_freq_factor > rope.low_freq_factor))
      user_error("{}: {}: low_freq_factor {} must be above 0 and below high_freq_factor {}", file, key,
                 rope.low_freq_factor, rope.high_freq_factor);
  }
  if (!(rope.theta > 1.0)) user_error("{}: rope_theta is {}: it must be above 1", file, rope.theta);
  return rope;
}

Json rope_to_json(const RopeSpec& rope) {
  Json out = {{"rope_type", rope.type}, {"rope_theta", rope.theta}};
  if (rope.type == "default") return out;
  out["factor"] = rope.factor;
  if (rope.type == "linear") return out;
  out["original_max_position_embeddings"] = static_cast<std::int64_t>(rope.original_max_position_embeddings);
  if (rope.type == "llama3") {
    out["low_freq_factor"] = rope.low_freq_factor;
    out["high_freq_factor"] = rope.high_freq_factor;
    return out;
  }
  out["beta_fast"] = rope.beta_fast;
  out["beta_slow"] = rope.beta_slow;
  out["truncate"] = rope.truncate;
  out["attention_factor"] = rope.attention_factor;
  return out;
}

std::string class_name(const std::string& model_type) {
  if (model_type == "qwen2") return "Qwen2ForCausalLM";
  if (model_type == "qwen3_moe") return "Qwen3MoeForCausalLM";
  return model_type == "qwen3" ? "Qwen3ForCausalLM" : "LlamaForCausalLM";
}

/// Missing keys are those of Qwen3MoeConfig's defaults that a file may leave out.
void read_experts(const Json& j, LlamaConfig& c) {
  c.num_experts =
      j.contains("num_experts") ? j["num_experts"].get<std::int64_t>() : j.at("num_local_experts").get<std::int64_t>();
  j.at("num_experts_per_tok").get_to(c.num_experts_per_tok);
  j.at("moe_intermediate_size").get_to(c.moe_intermediate_size);
  c.decoder_sparse_step = optional(j, "decoder_sparse_step", std::int64_t{1});
  c.mlp_only_layers = optional(j, "mlp_only_layers", std::vector<std::int64_t>{});
  c.norm_topk_prob = optional(j, "norm_topk_prob", false);
}

void experts_to_json(const LlamaConfig& c, Json& j) {
  j["num_experts"] = c.num_experts;
  j["num_experts_per_tok"] = c.num_experts_per_tok;
  j["moe_intermediate_size"] = c.moe_intermediate_size;
  j["decoder_sparse_step"] = c.decoder_sparse_step;
  j["mlp_only_layers"] = c.mlp_only_layers;
  j["norm_topk_prob"] = c.norm_topk_prob;
}

}  // namespace

LlamaConfig llama_from_hf_json(const std::string& text, const std::string& file_name) {
  try {
    const Json j = Json::parse(text);
    refuse_unsupported(j, file_name);
    LlamaConfig c;
    j.at("model_type").get_to(c.model_type);
    j.at("vocab_size").get_to(c.vocab_size);
    j.at("hidden_size").get_to(c.hidden_size);
    j.at("intermediate_size").get_to(c.intermediate_size);
    j.at("num_hidden_layers").get_to(c.num_hidden_layers);
    j.at("num_attention_heads").get_to(c.num_attention_heads);
    j.at("max_position_embeddings").get_to(c.max_position_embeddings);
    c.num_key_value_heads = optional(j, "num_key_value_heads", c.num_attention_heads);
    // qwen3's class has a width of its own where the file says none.
    const std::int64_t even = c.num_attention_heads > 0 ? c.hidden_size / c.num_attention_heads : 0;
    c.head_dim = optional(j, "head_dim", c.model_type == "qwen3" ? std::int64_t{128} : even);
    c.rms_norm_eps = optional(j, "rms_norm_eps", 1e-6);
    c.initializer_range = optional(j, "initializer_range", 0.02);
    c.tie_word_embeddings = optional(j, "tie_word_embeddings", false);
    c.attention_bias = optional(j, "attention_bias", false);
    if (c.model_type == "qwen3_moe") read_experts(j, c);
    validate(c, file_name);
    c.rope = read_rope(j, file_name, c);
    return c;
  } catch (const Json::exception& e) {
    user_error("{}: {}", file_name, e.what());
  }
}

std::string to_hf_json(const LlamaConfig& c, const std::string& dtype) {
  Json j = {{"architectures", {class_name(c.model_type)}},
            {"model_type", c.model_type},
            {"vocab_size", c.vocab_size},
            {"hidden_size", c.hidden_size},
            {"intermediate_size", c.intermediate_size},
            {"num_hidden_layers", c.num_hidden_layers},
            {"num_attention_heads", c.num_attention_heads},
            {"num_key_value_heads", c.num_key_value_heads},
            {"head_dim", c.head_dim},
            {"max_position_embeddings", c.max_position_embeddings},
            {"rms_norm_eps", c.rms_norm_eps},
            {"initializer_range", c.initializer_range},
            {"tie_word_embeddings", c.tie_word_embeddings},
            {"hidden_act", "silu"},
            {"attention_dropout", 0.0},
            {"use_cache", true},
            {"rope_parameters", rope_to_json(c.rope)},
            {"rope_theta", c.rope.theta}};
  if (c.rope.type != "default") j["rope_scaling"] = j["rope_parameters"];
  if (c.model_type != "qwen2") j["attention_bias"] = c.attention_bias;
  if (c.model_type != "llama") j["use_sliding_window"] = false;
  if (c.model_type == "qwen3_moe") experts_to_json(c, j);
  j["torch_dtype"] = dtype == "bf16" ? "bfloat16" : dtype == "f64" ? "float64" : "float32";
  return j.dump(2) + "\n";
}

}  // namespace r1::model
