// config.json of Hugging Face's `deepseek_v3` and `deepseek_v2`, written and read (config.h).
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/json_depth.h"
#include "r1/model/families/deepseek_v3/config.h"
#include "r1/model/families/json_fields.h"

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

RopeScaling read_scaling(const JsonFields& s) {
  const std::string type = s.get("rope_type", s.get<std::string>("type", "default"));
  if (type == "default") return {};
  if (type != "yarn") user_error("{}: type '{}' is not supported; yarn is", s.where(), type);
  s.only("truncate", true);
  if (s.has("attention_factor")) user_error("{}: attention_factor is not supported; mscale is", s.where());
  return {.factor = s.get<double>("factor"),
          .original_max_position_embeddings = s.get<std::int64_t>("original_max_position_embeddings"),
          .beta_fast = s.get("beta_fast", 32.0),
          .beta_slow = s.get("beta_slow", 1.0),
          .mscale = s.get("mscale", 1.0),
          .mscale_all_dim = s.get("mscale_all_dim", 0.0)};
}

/// What the file may ask for that we can't do must not be passed over.
void refuse_unsupported(const JsonFields& file) {
  const auto type = file.get<std::string>("model_type");
  if (type != "deepseek_v3" && type != "deepseek_v2")
    user_error("{}: model_type '{}' is not supported; deepseek_v3 and deepseek_v2 are", file.where(), type);
  file.only("attention_bias", false);
  file.only("mlp_bias", false);
  file.only("tie_word_embeddings", false);
  file.only("rope_interleave", true);
  file.only("hidden_act", std::string("silu"));
  file.only("moe_layer_freq", std::int64_t{1});
  file.only("scoring_func", std::string(type == "deepseek_v2" ? "softmax" : "sigmoid"));
  if (type == "deepseek_v3") return file.only("topk_method", std::string("noaux_tc"));
  if (file.get("norm_topk_prob", false))
    user_error("{}: norm_topk_prob true is not supported for deepseek_v2: programs differ in what it means there",
               file.where());
  const auto method = file.get<std::string>("topk_method", "greedy");
  if (method != "greedy" && method != "group_limited_greedy")
    user_error("{}: topk_method '{}' is not supported; greedy and group_limited_greedy are", file.where(), method);
}

/// What a file may leave out or set to null: everything else must be there.
void default_missing(Json& j) {
  const bool v2 = j["model_type"] == "deepseek_v2";
  Json defaults = {{"num_nextn_predict_layers", 0}, {"n_shared_experts", 0}, {"q_lora_rank", 0}};
  if (v2) defaults.update({{"n_group", 1}, {"topk_group", 1}, {"norm_topk_prob", false}});
  for (const auto& [key, value] : defaults.items())
    if (!j.contains(key) || j[key].is_null()) j[key] = value;
  const bool greedy = !j.contains("topk_method") || j["topk_method"].is_null() || j["topk_method"] == "greedy";
  if (v2 && greedy) j["n_group"] = j["topk_group"] = 1;  // whatever the file says
}

/// rope_scaling (older files) or rope_parameters (transformers 5), which also holds rope_theta.
void read_rope(const JsonFields& file, DeepseekV3Config& c) {
  c.rope_theta = file.get("rope_theta", 10000.0);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!file.has(key)) continue;
    const JsonFields s = file.object(key);
    c.rope_scaling = read_scaling(s);
    c.rope_theta = s.get("rope_theta", c.rope_theta);
  }
}

}  // namespace

std::string to_hf_json(const DeepseekV3Config& config, const std::string& dtype) {
  const bool v2 = config.model_type == "deepseek_v2";
  Json j = {{"architectures", {v2 ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM"}},
            {"model_type", config.model_type}};
  shared_keys(config, [&](const char* key, const auto& value) { j[key] = value; });
  j["q_lora_rank"] = config.q_lora_rank == 0 ? Json(nullptr) : Json(config.q_lora_rank);
  j["num_key_value_heads"] = config.num_attention_heads;
  j["rope_theta"] = config.rope_theta;
  j["rope_scaling"] = config.rope_scaling.factor == 1.0 ? Json(nullptr) : scaling_to_json(config.rope_scaling);
  if (!v2) j["rope_interleave"] = true;
  j["hidden_act"] = "silu";
  j["scoring_func"] = v2 ? "softmax" : "sigmoid";
  j["topk_method"] = !v2 ? "noaux_tc" : config.n_group > 1 ? "group_limited_greedy" : "greedy";
  j["attention_bias"] = false;
  j["attention_dropout"] = 0.0;
  j["tie_word_embeddings"] = false;
  j["use_cache"] = true;
  j["torch_dtype"] = dtype == "bf16" ? "bfloat16" : dtype == "f64" ? "float64" : "float32";
  return j.dump(2) + "\n";
}

DeepseekV3Config from_hf_json(const std::string& text, const std::string& file_name) {
  try {
    core::check_json_depth(text, file_name);
    Json j = Json::parse(text);
    const JsonFields file(j, file_name);
    refuse_unsupported(file);
    default_missing(j);
    DeepseekV3Config c;
    c.model_type = file.get<std::string>("model_type");
    shared_keys(c, [&](const char* key, auto& value) { value = file.get<std::decay_t<decltype(value)>>(key); });
    c.q_lora_rank = file.get<std::int64_t>("q_lora_rank");
    read_rope(file, c);
    validate(c, file_name + ": ");
    return c;
  } catch (const Json::exception& e) {
    user_error("{}: {}", file_name, e.what());
  }
}

}  // namespace r1::model
