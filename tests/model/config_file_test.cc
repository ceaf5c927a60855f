// What a config.json may ask for in vain: every line of the tables changes a good file, and loading its folder must say
// one line that names the file and the trouble. No weights are read: the folders have none.
#include <gmock/gmock.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/checkpoint.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Change {
  const char *before, *after, *complaint;
};

/// The error of the golden `folder` whose config.json says `after` where it said `before`; "" for none.
std::string error_of(const char* folder, const std::vector<Change>& changes) {
  const fs::path copy = fs::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_config_file");
  fs::create_directories(copy);
  std::string text = core::read_file(fs::path(R1_SOURCE_DIR) / "tests/golden" / folder / "config.json");
  for (const Change& change : changes) {
    const std::string before = change.before;
    const std::size_t at = text.find(before);
    EXPECT_NE(at, std::string::npos) << before;
    if (at != std::string::npos) text.replace(at, before.size(), change.after);
  }
  core::write_file_atomic(copy / "config.json", text);
  try {
    load_hf_folder(copy, at::kFloat);
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

void expect_refused(const char* folder, const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const std::string error = error_of(folder, {change});
    EXPECT_THAT(error, HasSubstr(change.complaint)) << change.after;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

TEST(ConfigFile, QwenAndLlama) {
  const char* theta = R"("rope_theta": 1000000.0)";
  const char* type = R"("rope_type": "default")";
  const char* positions = R"("max_position_embeddings": 64)";
  expect_refused(
      "llama/qwen2",
      {{R"("use_sliding_window": false)", R"("use_sliding_window": true)", "use_sliding_window 'true'"},
       {type, R"("rope_type": "dynamic", "factor": 2.0)", "rope_parameters: type 'dynamic' is not supported"},
       {type, R"("rope_type": "longrope")", "'longrope'"},
       {type, R"("rope_type": "linear", "factor": 0.0)", "factor 0 "},
       {type, R"("rope_type": "linear")", "rope_parameters: factor is missing"},
       {type, R"("rope_type": 3)", "rope_parameters: rope_type is 3: that is no value of its kind"},
       {type, R"("rope_type": "yarn", "factor": 4.0, "beta_fast": -1.0)", "beta_fast -1"},
       {type, R"("rope_type": "default", "partial_rotary_factor": 0.5)", "partial_rotary_factor '0.5'"},
       {R"("rope_parameters": {)", R"("rope_scaling": 7, "rope_parameters": {)", "rope_scaling: no JSON object"},
       {theta, R"("rope_theta": -1.0)", "rope_theta is -1"},
       {R"("hidden_act": "silu")", R"("hidden_act": "gelu")", "hidden_act 'gelu' is not supported; silu is"},
       {R"("full_attention")", R"("sliding_attention")", "\"sliding_attention\" is not supported"},
       {R"("model_type": "qwen2")", R"("model_type": "mamba")", "'mamba' is not supported"},
       {R"("model_type": "qwen2")", R"("model_type": 5)", "a JSON object with a model_type"},
       {R"("num_key_value_heads": 2)", R"("num_key_value_heads": 3)", "no multiple of num_key_value_heads 3"},
       {R"("hidden_size": 24)", R"("hidden_size": "x")", "config.json: hidden_size is \"x\""},
       {R"("hidden_size": 24)", R"("hidden_size": 24.5)", "hidden_size is 24.5"},
       {R"("hidden_size": 24)", R"("hidden_size": 1e300)", "hidden_size is 1e+300"},
       {R"("hidden_size": 24)", R"("hidden_size": 18446744073709551615)", "hidden_size is 18446744073709551615"},
       {R"("hidden_size": 24)", R"("hidden_size": 26)", "hidden_size 26 is no multiple of num_attention_heads 4"},
       {R"("hidden_size": 24)", R"("hidden_size": 0)", "hidden_size is 0: it must be 1 or more"},
       {R"("hidden_size": 24,)", "", "hidden_size is missing"},
       {R"("hidden_size": 24)", R"("hidden_size": 16777220)", "at most 16777216"},
       {R"("num_hidden_layers": 2)", R"("num_hidden_layers": 16385)", "num_hidden_layers is 16385"},
       {positions, R"("max_position_embeddings": 16777217)", "at most 16777216"},
       {positions, R"("max_position_embeddings": 16777216, "head_dim": 64)", "4.0 GiB for its rotary angles"},
       {R"("model_type": "qwen2")", R"("model_type": "qwen2", "quantization_config": {"quant_method": "awq"})",
        "quantization_config of method awq"},
       {R"("model_type": "qwen2")", R"("model_type": "qwen2", "quantization_config": [])", "method unknown"}});
}

TEST(ConfigFile, DeepNestingIsRefusedNotFollowed) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const std::string size = "\"vocab_size\": " + deep, types = "\"layer_types\": " + deep + ", \"vocab_size\": 61";
  for (const std::string& after : {size, types})
    EXPECT_THAT(error_of("llama/llama", {{R"("vocab_size": 61)", after.c_str(), ""}}),
                HasSubstr("nested more than 500"));
  EXPECT_THAT(error_of("deepseek_v3/moe", {{R"("vocab_size": 96)", size.c_str(), ""}}),
              HasSubstr("nested more than 500"));
}

TEST(ConfigFile, AnOriginalContextThatIsNoWholeNumber) {
  expect_refused("llama/llama_yarn",
                 {{R"("original_max_position_embeddings": )", R"("original_max_position_embeddings": 1e300, "x": )",
                   "original_max_position_embeddings is 1e+300: at most"}});
}

TEST(ConfigFile, SizesThatNoMachineHolds) {
  const std::string error = error_of("llama/qwen2", {{R"("hidden_size": 24)", R"("hidden_size": 16777216)", ""},
                                                     {R"("vocab_size": 61)", R"("vocab_size": 16777216)", ""},
                                                     {R"("model_type")", R"("head_dim": 4, "model_type")", ""}});
  EXPECT_THAT(error, AllOf(HasSubstr("parameters"), HasSubstr("this machine has")));
}

TEST(ConfigFile, BlocksOfFp8) {
  const std::string start = R"("model_type": "qwen2", "quantization_config": {"quant_method": "fp8", )";
  for (const char* size : {"null", "[128]", "[128, 0]", "[-1, 128]", "[1.5, 128]", "128"}) {
    const std::string after = start + R"("weight_block_size": )" + size + "}";
    EXPECT_THAT(error_of("llama/qwen2", {{R"("model_type": "qwen2")", after.c_str(), ""}}),
                AllOf(HasSubstr("config.json: quantization_config"), HasSubstr("weight_block_size is")))
        << size;
  }
  const std::string other = start + R"("fmt": "e5m2"})";
  EXPECT_THAT(error_of("llama/qwen2", {{R"("model_type": "qwen2")", other.c_str(), ""}}), HasSubstr("format e5m2"));
}

TEST(ConfigFile, QwenMoe) {
  expect_refused("moe/qwen3_moe",
                 {{R"("num_experts_per_tok": 3)", R"("num_experts_per_tok": 8)", "is above num_experts 7"},
                  {R"("num_experts_per_tok": 3,)", "", "num_experts_per_tok is missing"},
                  {R"("num_local_experts": 7,)", "", "num_local_experts is missing"},
                  {R"("num_local_experts": 7)", R"("num_experts": -7)", "num_experts is -7"},
                  {R"("decoder_sparse_step": 1)", R"("decoder_sparse_step": 0)", "decoder_sparse_step is 0"},
                  {R"("mlp_only_layers": [)", R"("mlp_only_layers": ["x",)", "mlp_only_layers is [\"x\",1]"},
                  {R"("moe_intermediate_size": 13)", R"("moe_intermediate_size": 0)", "moe_intermediate_size is 0"},
                  {R"("use_sliding_window": false)", R"("use_sliding_window": true)", "use_sliding_window 'true'"}});
}

TEST(ConfigFile, Deepseek) {
  expect_refused("moe/v2",
                 {{R"("norm_topk_prob": false)", R"("norm_topk_prob": true)", "norm_topk_prob true"},
                  {R"("topk_method": "group_limited_greedy")", R"("topk_method": "noaux_tc")", "'noaux_tc'"},
                  {R"("n_group": 3)", R"("n_group": 2)", "n_routed_experts 9 is no multiple of n_group 2"},
                  {R"("n_group": 3,)", R"("scoring_func": "sigmoid", "n_group": 3,)", "scoring_func 'sigmoid'"},
                  {R"("topk_group": 2)", R"("topk_group": 4)", "topk_group 4 is above n_group 3"},
                  {R"("attention_bias": false)", R"("attention_bias": true)", "attention_bias 'true'"},
                  {R"("hidden_act": "silu")", R"("hidden_act": "gelu_new")", "hidden_act 'gelu_new'"},
                  {R"("rope_type": "yarn")", R"("rope_type": "linear")", "type 'linear' is not supported; yarn is"},
                  {R"("factor": 4.0)", R"("factor": 0.5)", "factor is 0.5"},
                  {R"("kv_lora_rank": 10)", R"("kv_lora_rank": 0)", "config.json: kv_lora_rank is 0"},
                  {R"("qk_rope_head_dim": 6)", R"("qk_rope_head_dim": 5)", "it must be even"},
                  {R"("num_attention_heads": 4)", R"("num_attention_heads": null)", "num_attention_heads is missing"},
                  {R"("model_type": "deepseek_v2")", R"("model_type": "deepseek_v4")", "'deepseek_v4'"}});
  expect_refused("deepseek_v3/moe",
                 {{R"("moe_layer_freq": 1)", R"("moe_layer_freq": 2)", "moe_layer_freq '2'"},
                  {R"("scoring_func": "sigmoid")", R"("scoring_func": "softmax")", "scoring_func 'softmax'"},
                  {R"("max_position_embeddings": 64)", R"("max_position_embeddings": 100000000)", "at most 16777216"}});
}

}  // namespace
}  // namespace r1::model
