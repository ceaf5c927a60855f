// config.json of Hugging Face's `deepseek_v3`, written and read (config.h).
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/model/families/deepseek_v3/config.h"

namespace r1::model {

namespace {

using Json = nlohmann::ordered_json;

/// Calls each(key, field) for every plain key that config.json and our struct share.
template <class Config, class Each>
void shared_keys(Config& c, const Each& each) {
  each("vocab_size", c.vocab_size);
  each("hidden_size", c.hidden_size);
  each("intermediate_size", c.intermediate_size);
  each("moe_intermediate_size", c.moe_intermediate_size);
  each("num_hidden_layers", c.num_hidden_layers);
  each("num_nextn_predict_layers", c.num_nextn_predict_layers);
  each("num_attention_heads", c.num_attention_heads);
  each("n_shared_experts", c.n_shared_experts);
  each("n_routed_experts", c.n_routed_experts);
  each("routed_scaling_factor", c.routed_scaling_factor);
  each("kv_lora_rank", c.kv_lora_rank);
  each("qk_rope_head_dim", c.qk_rope_head_dim);
  each("v_head_dim", c.v_head_dim);
  each("qk_nope_head_dim", c.qk_nope_head_dim);
  each("n_group", c.n_group);
  each("topk_group", c.topk_group);
  each("num_experts_per_tok", c.num_experts_per_tok);
  each("first_k_dense_replace", c.first_k_dense_replace);
  each("norm_topk_prob", c.norm_topk_prob);
  each("max_position_embeddings", c.max_position_embeddings);
  each("initializer_range", c.initializer_range);
  each("rms_norm_eps", c.rms_norm_eps);
}

Json scaling_to_json(const RopeScaling& s) {
  return {{"type", "yarn"},
          {"factor", s.factor},
          {"original_max_position_embeddings", s.original_max_position_embeddings},
          {"beta_fast", s.beta_fast},
          {"beta_slow", s.beta_slow},
          {"mscale", s.mscale},
          {"mscale_all_dim", s.mscale_all_dim}};
}

RopeScaling scaling_from_json(const Json& j, const std::string& file) {
  const std::string type = j.value("type", j.value("rope_type", std::string("default")));
  if (type == "default") return {};
  if (type != "yarn") user_error("{}: rope_scaling type '{}' is not supported; yarn is", file, type);
  RopeScaling s;
  s.factor = j.at("factor").get<double>();
  s.original_max_position_embeddings = j.at("original_max_position_embeddings").get<std::int64_t>();
  s.beta_fast = j.value("beta_fast", 32.0);
  s.beta_slow = j.value("beta_slow", 1.0);
  s.mscale = j.value("mscale", 1.0);
  s.mscale_all_dim = j.value("mscale_all_dim", 0.0);
  return s;
}

/// What the file may ask for that we can't do must not be passed over.
void refuse_unsupported(const Json& j, const std::string& file) {
  const std::string type = j.value("model_type", std::string());
  if (type != "deepseek_v3") user_error("{}: model_type '{}' is not supported; deepseek_v3 is", file, type);
  if (j.value("attention_bias", false)) user_error("{}: attention_bias true is not supported", file);
  if (j.value("tie_word_embeddings", false)) user_error("{}: tie_word_embeddings true is not supported", file);
  if (!j.value("rope_interleave", true)) user_error("{}: rope_interleave false is not supported", file);
  if (j.value("hidden_act", std::string("silu")) != "silu") user_error("{}: hidden_act must be silu", file);
  if (j.value("scoring_func", std::string("sigmoid")) != "sigmoid")
    user_error("{}: scoring_func must be sigmoid", file);
  if (j.contains("quantization_config")) user_error("{}: quantised checkpoints are not supported yet", file);
}

/// rope_scaling (older files) or rope_parameters (transformers 5), which also holds rope_theta.
void read_rope(const Json& j, const std::string& file, DeepseekV3Config& c) {
  c.rope_theta = j.value("rope_theta", 10000.0);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!j.contains(key) || j[key].is_null()) continue;
    c.rope_scaling = scaling_from_json(j[key], file);
    c.rope_theta = j[key].value("rope_theta", c.rope_theta);
  }
}

}  // namespace

std::string to_hf_json(const DeepseekV3Config& config, const std::string& dtype) {
  Json j = {{"architectures", {"DeepseekV3ForCausalLM"}}, {"model_type", "deepseek_v3"}};
  shared_keys(config, [&](const char* key, const auto& value) { j[key] = value; });
  j["q_lora_rank"] = config.q_lora_rank == 0 ? Json(nullptr) : Json(config.q_lora_rank);
  j["num_key_value_heads"] = config.num_attention_heads;
  j["rope_theta"] = config.rope_theta;
  j["rope_scaling"] = config.rope_scaling.factor == 1.0 ? Json(nullptr) : scaling_to_json(config.rope_scaling);
  j["rope_interleave"] = true;
  j["hidden_act"] = "silu";
  j["scoring_func"] = "sigmoid";
  j["topk_method"] = "noaux_tc";
  j["attention_bias"] = false;
  j["attention_dropout"] = 0.0;
  j["tie_word_embeddings"] = false;
  j["use_cache"] = true;
  j["torch_dtype"] = dtype == "bf16" ? "bfloat16" : dtype == "f64" ? "float64" : "float32";
  return j.dump(2) + "\n";
}

DeepseekV3Config from_hf_json(const std::string& text, const std::string& file_name) {
  try {
    const Json j = Json::parse(text);
    refuse_unsupported(j, file_name);
    DeepseekV3Config c;
    shared_keys(c, [&](const char* key, auto& value) {
      if (!j.contains(key) && std::string(key) == "num_nextn_predict_layers") return value = 0, void();
      j.at(key).get_to(value);
    });
    c.q_lora_rank = j.contains("q_lora_rank") && !j["q_lora_rank"].is_null() ? j["q_lora_rank"].get<std::int64_t>() : 0;
    read_rope(j, file_name, c);
    validate(c);
    return c;
  } catch (const Json::exception& e) {
    user_error("{}: {}", file_name, e.what());
  }
}

}  // namespace r1::model
