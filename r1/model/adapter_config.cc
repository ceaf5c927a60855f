// PEFT's configuration of an adapter (adapter_config.h).
#include "r1/model/adapter_config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/families/json_fields.h"
#include "r1/model/families/sizes.h"

namespace r1::model {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Settings of PEFT that change what an adapter computes and that r1 does not know.
constexpr const char* kUnsupported[] = {"use_dora",
                                        "use_qalora",
                                        "lora_bias",
                                        "fan_in_fan_out",
                                        "modules_to_save",
                                        "rank_pattern",
                                        "alpha_pattern",
                                        "layer_replication",
                                        "trainable_token_indices",
                                        "target_parameters",
                                        "alora_invocation_tokens",
                                        "arrow_config"};

bool is_set(const Json& value) {
  return !value.is_null() && value != false && value != 0 &&
         !((value.is_array() || value.is_object()) && value.empty());
}

void refuse_unsupported(const Json& json, const std::string& where) {
  for (const char* key : kUnsupported)
    if (json.contains(key) && is_set(json[key]))
      user_error("{}: {} {} is not supported", where, key, json[key].dump().substr(0, 60));
  const Json init = json.value("init_lora_weights", Json(true));
  if (init.is_string() && init != "gaussian" && init != "orthogonal" && init != "eva")
    user_error("{}: init_lora_weights {} changes the base model's weights and is not supported; let PEFT convert it",
               where, init.dump());
}

std::vector<std::string> modules_of(const Json& json) {
  const Json targets = json.value("target_modules", Json());
  if (targets.is_string()) return {targets.get<std::string>()};
  std::vector<std::string> modules;
  for (const Json& name : targets.is_array() ? targets : Json::array())
    if (name.is_string()) modules.push_back(name.get<std::string>());
  return modules;
}

AdapterConfig lora_from(const Json& json, const JsonFields& keys) {
  refuse_unsupported(json, keys.where());
  keys.only<std::string>("bias", "none");
  AdapterConfig config;
  config.type = "lora";
  config.r = keys.get<std::int64_t>("r");
  check_size(config.r, keys.where() + ": r", AdapterConfig::kMaxRank);
  config.lora_alpha = keys.get<double>("lora_alpha");
  config.lora_dropout = keys.get<double>("lora_dropout", 0.0);
  config.use_rslora = keys.get<bool>("use_rslora", false);
  config.target_modules = modules_of(json);
  return config;
}

AdapterConfig prompt_from(const JsonFields& keys) {
  keys.only<std::int64_t>("num_transformer_submodules", 1);
  AdapterConfig config;
  config.type = "prompt_tuning";
  config.num_virtual_tokens = keys.get<std::int64_t>("num_virtual_tokens");
  check_size(config.num_virtual_tokens, keys.where() + ": num_virtual_tokens");
  if (keys.get<std::string>("prompt_tuning_init", "RANDOM") == "TEXT")
    config.prompt_tuning_init_text = keys.get<std::string>("prompt_tuning_init_text", "");
  return config;
}

Json number(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

}  // namespace

double AdapterConfig::scaling() const {
  const auto rank = static_cast<double>(r);
  return lora_alpha / (use_rslora ? std::sqrt(rank) : rank);
}

void fields(core::FieldVisitor& v, AdapterConfig& c) {
  v("type", c.type, "none: the model's own weights | lora | prompt_tuning: an adapter, the model stays as it is");
  v("r", c.r, "lora: rank of the two matrices");
  v("lora_alpha", c.lora_alpha, "lora: B A is multiplied by lora_alpha / r");
  v("target_modules", c.target_modules,
    "lora: linear layers by the end of their names, as q_proj, v_proj or mlp.down_proj; all-linear: all but experts, "
    "routers and lm_head");
  v("lora_dropout", c.lora_dropout, "lora: only 0 is supported");
  v("use_rslora", c.use_rslora, "lora: multiply by lora_alpha / sqrt(r)");
  v("num_virtual_tokens", c.num_virtual_tokens, "prompt_tuning: learned tokens in front of every sequence");
  v("prompt_tuning_init_text", c.prompt_tuning_init_text,
    "prompt_tuning: start from the embeddings of this text; empty: from random ones");
  v("merge", c.merge, "lora: write the whole model with the adapter merged into it, in place of the adapter");
}

void validate(const AdapterConfig& c, const std::string& where) {
  if (c.type != "none" && c.type != "lora" && c.type != "prompt_tuning")
    user_error("{}.type '{}': use none, lora or prompt_tuning", where, c.type);
  const AdapterConfig untouched;
  if (!c.on() && (c.r != untouched.r || c.lora_alpha != untouched.lora_alpha || c.use_rslora ||
                  c.target_modules != untouched.target_modules))
    user_error("{}: settings of a low-rank adapter, but {}.type is none: say lora", where, where);
  if (c.type == "lora") {
    check_size(c.r, where + ".r", AdapterConfig::kMaxRank);
    if (!(c.lora_alpha > 0.0) || !std::isfinite(c.lora_alpha))
      user_error("{}.lora_alpha is {}: it must be above 0", where, c.lora_alpha);
    if (c.lora_dropout != 0.0)
      user_error(
          "{}.lora_dropout is {}: only 0 is supported (a dropped element would have to be a function of the "
          "token's place in the run)",
          where, c.lora_dropout);
    if (c.target_modules.empty()) user_error("{}.target_modules is empty: name linear layers, or all-linear", where);
  }
  if (c.type == "prompt_tuning") {
    check_size(c.num_virtual_tokens, where + ".num_virtual_tokens");
    if (c.merge)
      user_error(
          "{}: virtual tokens are no part of a model's weights and can't be merged (as merge, and every stage of "
          "a recipe, asks for)",
          where);
  }
}

std::string to_peft_json(const AdapterConfig& c, const std::string& base_model, std::int64_t hidden_size) {
  Json json = {{"peft_type", c.type == "lora" ? "LORA" : "PROMPT_TUNING"},
               {"task_type", "CAUSAL_LM"},
               {"base_model_name_or_path", base_model},
               {"revision", nullptr},
               {"inference_mode", true}};
  if (c.type == "lora") {
    json.update(Json{{"r", c.r},
                     {"lora_alpha", number(c.lora_alpha)},
                     {"lora_dropout", c.lora_dropout},
                     {"use_rslora", c.use_rslora},
                     {"target_modules", c.target_modules},
                     {"bias", "none"},
                     {"fan_in_fan_out", false},
                     {"init_lora_weights", true},
                     {"modules_to_save", nullptr}});
  } else {
    json.update(Json{{"num_virtual_tokens", c.num_virtual_tokens},
                     {"token_dim", hidden_size},
                     {"num_transformer_submodules", 1},
                     {"prompt_tuning_init", "RANDOM"}});
  }
  return json.dump(2) + "\n";
}

PeftFile read_peft_config(const fs::path& folder) {
  const std::string name = (folder / kAdapterConfigFile).string();
  const Json json = Json::parse(core::read_file(name), nullptr, /*allow_exceptions=*/false);
  const JsonFields keys(json, name);
  const std::string type = keys.get<std::string>("peft_type");
  if (type != "LORA" && type != "PROMPT_TUNING")
    user_error("{}: peft_type {} is not supported; LORA and PROMPT_TUNING are", name, type);
  return {type == "LORA" ? lora_from(json, keys) : prompt_from(keys),
          keys.get<std::string>("base_model_name_or_path", "")};
}

bool is_adapter_folder(const fs::path& folder) {
  return fs::exists(folder / kAdapterConfigFile) && !fs::exists(folder / "config.json");
}

std::vector<std::int32_t> virtual_token_ids(const AdapterConfig& config, const fs::path& folder) {
  std::vector<std::int32_t> ids;
  if (config.type != "prompt_tuning") return ids;
  const std::string name = (folder / "config.json").string();
  const Json json = Json::parse(core::read_file(name), nullptr, /*allow_exceptions=*/false);
  const std::int64_t vocab = JsonFields(json, name).get<std::int64_t>("vocab_size");
  check_size(vocab, name + ": vocab_size");
  for (std::int64_t i = 0; i < config.num_virtual_tokens; ++i) ids.push_back(static_cast<std::int32_t>(vocab + i));
  return ids;
}

}  // namespace r1::model
