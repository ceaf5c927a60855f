// config.json of `llama`, `qwen2`, `qwen3` and `qwen3_moe`, read and written (config.h).
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/json_depth.h"
#include "r1/model/families/json_fields.h"
#include "r1/model/families/llama/config.h"
#include "r1/model/layers/yarn.h"

namespace r1::model {

namespace {

using Json = nlohmann::ordered_json;

/// What the file may ask for that we can't do must not be passed over.
void refuse_unsupported(const JsonFields& file, const Json& j) {
  file.only("use_sliding_window", false);
  file.only("mlp_bias", false);
  file.only("hidden_act", std::string("silu"));
  file.only("partial_rotary_factor", 1.0);
  const Json types = j.value("layer_types", Json());
  for (const Json& type : types.is_array() ? types : Json::array())
    if (type != "full_attention")
      user_error("{}: layer type {} is not supported; full_attention is", file.where(), type.dump());
}

void read_yarn(const JsonFields& s, RopeSpec& rope) {
  rope.beta_fast = s.get("beta_fast", 32.0);
  rope.beta_slow = s.get("beta_slow", 1.0);
  rope.truncate = s.get("truncate", true);
  const double mscale = s.get("mscale", 0.0), all = s.get("mscale_all_dim", 0.0);
  rope.attention_factor = mscale != 0.0 && all != 0.0 ? yarn_mscale(rope.factor, mscale) / yarn_mscale(rope.factor, all)
                                                      : yarn_mscale(rope.factor);
  rope.attention_factor = s.get("attention_factor", rope.attention_factor);
}

/// rope_scaling (older files) or rope_parameters (transformers 5), which also holds rope_theta.
RopeSpec read_rope(const JsonFields& file, const LlamaConfig& c) {
  RopeSpec rope{.theta = file.get("rope_theta", 10000.0), .dim = c.head_dim, .positions = c.max_position_embeddings};
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!file.has(key)) continue;
    const JsonFields s = file.object(key);
    s.only("partial_rotary_factor", 1.0);
    rope.theta = s.get("rope_theta", rope.theta);
    rope.type = s.get("rope_type", s.get<std::string>("type", "default"));
    if (rope.type == "default") continue;
    if (rope.type != "linear" && rope.type != "yarn" && rope.type != "llama3")
      user_error("{}: type '{}' is not supported; default, linear, yarn and llama3 are", s.where(), rope.type);
    rope.factor = s.get<double>("factor");
    rope.original_max_position_embeddings =
        s.get("original_max_position_embeddings", static_cast<double>(c.max_position_embeddings));
    if (rope.type == "yarn") read_yarn(s, rope);
    if (rope.type != "llama3") continue;
    rope.low_freq_factor = s.get<double>("low_freq_factor");
    rope.high_freq_factor = s.get<double>("high_freq_factor");
  }
  validate(rope, file.where());
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

/// num_local_experts: transformers 5's name of num_experts.
void read_experts(const JsonFields& file, LlamaConfig& c) {
  c.num_experts = file.get<std::int64_t>(file.has("num_experts") ? "num_experts" : "num_local_experts");
  c.num_experts_per_tok = file.get<std::int64_t>("num_experts_per_tok");
  c.moe_intermediate_size = file.get<std::int64_t>("moe_intermediate_size");
  c.decoder_sparse_step = file.get("decoder_sparse_step", std::int64_t{1});
  c.mlp_only_layers = file.get("mlp_only_layers", std::vector<std::int64_t>{});
  c.norm_topk_prob = file.get("norm_topk_prob", false);
}

/// qwen3's class has a width of its own where the file says none.
std::int64_t read_head_dim(const JsonFields& file, const LlamaConfig& c) {
  if (file.has("head_dim") || c.num_attention_heads < 1) return file.get("head_dim", std::int64_t{0});
  if (c.model_type == "qwen3") return 128;
  if (c.hidden_size % c.num_attention_heads != 0)
    user_error("{}: hidden_size {} is no multiple of num_attention_heads {}, and there is no head_dim", file.where(),
               c.hidden_size, c.num_attention_heads);
  return c.hidden_size / c.num_attention_heads;
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
    core::check_json_depth(text, file_name);
    const Json j = Json::parse(text);
    const JsonFields file(j, file_name);
    refuse_unsupported(file, j);
    LlamaConfig c;
    c.model_type = file.get<std::string>("model_type");
    c.vocab_size = file.get<std::int64_t>("vocab_size");
    c.hidden_size = file.get<std::int64_t>("hidden_size");
    c.intermediate_size = file.get<std::int64_t>("intermediate_size");
    c.num_hidden_layers = file.get<std::int64_t>("num_hidden_layers");
    c.num_attention_heads = file.get<std::int64_t>("num_attention_heads");
    c.max_position_embeddings = file.get<std::int64_t>("max_position_embeddings");
    c.num_key_value_heads = file.get("num_key_value_heads", c.num_attention_heads);
    c.head_dim = read_head_dim(file, c);
    c.rms_norm_eps = file.get("rms_norm_eps", 1e-6);
    c.initializer_range = file.get("initializer_range", 0.02);
    c.tie_word_embeddings = file.get("tie_word_embeddings", false);
    c.attention_bias = file.get("attention_bias", false);
    if (c.model_type == "qwen3_moe") read_experts(file, c);
    validate(c, file_name);
    c.rope = read_rope(file, c);
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
