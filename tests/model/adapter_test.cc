// Fresh adapters, what they refuse, freezing by name, and that an adapted model's bits do not depend on its batch.
#include "r1/model/adapter.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <set>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/model/freeze.h"
#include "tests/model/batches.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden";

std::shared_ptr<Decoder> base(const std::string& name = "llama/llama") {
  return load_hf_folder(kGolden / name, at::kFloat);
}

AdapterConfig lora(std::vector<std::string> targets) {
  AdapterConfig config;
  config.type = "lora";
  config.r = 3;
  config.target_modules = std::move(targets);
  return config;
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

std::set<std::string> trained(Decoder& model) {
  std::set<std::string> names;
  model.visit_parameters([&](const Parameter& p) {
    if (p.tensor->requires_grad()) names.insert(p.name);
  });
  return names;
}

const at::Tensor& parameter(Decoder& model, const std::string& name) {
  for (const Parameter& p : model.parameters())
    if (p.name == name) return *p.tensor;
  throw Error("no parameter " + name);
}

TEST(Adapter, FreshOneChangesNothingAndFollowsSeedAndLayer) {
  const auto plain = base(), few = base(), all = base(), other = base();
  add_adapter(*few, lora({"q_proj,v_proj"}), 7, "x");
  add_adapter(*all, lora({"all-linear"}), 7, "x");
  add_adapter(*other, lora({"q_proj", "v_proj"}), 8, "x");
  EXPECT_THAT(
      trained(*few),
      ElementsAre("model.layers.0.self_attn.q_proj.lora_A.weight", "model.layers.0.self_attn.q_proj.lora_B.weight",
                  "model.layers.0.self_attn.v_proj.lora_A.weight", "model.layers.0.self_attn.v_proj.lora_B.weight",
                  "model.layers.1.self_attn.q_proj.lora_A.weight", "model.layers.1.self_attn.q_proj.lora_B.weight",
                  "model.layers.1.self_attn.v_proj.lora_A.weight", "model.layers.1.self_attn.v_proj.lora_B.weight"));
  EXPECT_EQ(trained(*all).size(), 2U * 7 * 2);
  const std::string name = "model.layers.1.self_attn.v_proj.lora_A.weight";
  const at::Tensor& a = parameter(*few, name);
  EXPECT_TRUE(a.equal(parameter(*all, name)));
  EXPECT_FALSE(a.equal(parameter(*other, name)));
  EXPECT_FALSE(a.equal(parameter(*few, "model.layers.0.self_attn.v_proj.lora_A.weight")));
  EXPECT_EQ(a.sizes(), (std::vector<std::int64_t>{3, 24}));
  const double bound = 1.0 / std::sqrt(24.0), largest = a.abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.8 * bound);
  EXPECT_EQ(parameter(*few, "model.layers.1.self_attn.v_proj.lora_B.weight").abs().max().item<float>(), 0.0F);
  const at::NoGradGuard no_grad;
  const ForwardInput input = testing::pack({{1, 2, 3, 4, 5}});
  EXPECT_TRUE(all->stack(input).equal(plain->stack(input)));
}

TEST(Adapter, LayersThatTakeNoneAreNamed) {
  const auto said = [](const std::string& model, const std::vector<std::string>& targets) {
    return refusal([&] { add_adapter(*base(model), lora(targets), 1, "sft.adapter"); });
  };
  EXPECT_THAT(
      said("llama/llama", {"q_proj", "qproj"}),
      HasSubstr("sft.adapter.target_modules: 'qproj' is no linear layer that takes an adapter; down_proj, gate_proj, "
                "k_proj, o_proj, q_proj, up_proj, v_proj and all-linear are"));
  EXPECT_THAT(said("llama/llama", {"lm_head"}), HasSubstr("lm_head take none"));
  EXPECT_THAT(said("moe/qwen3_moe", {"gate"}), HasSubstr("'gate' is no linear layer"));
  EXPECT_THAT(said("moe/qwen3_moe", {"experts.gate_up_proj"}), HasSubstr("experts"));
  EXPECT_EQ(said("deepseek_v3/mtp", {"q_a_proj"}), "");
  const auto mtp = base("deepseek_v3/mtp");
  add_adapter(*mtp, lora({"all-linear"}), 1, "x");
  for (const std::string& name : trained(*mtp)) EXPECT_FALSE(name.starts_with("model.layers.2.")) << name;
}

TEST(Adapter, SettingsThatMakeNoSense) {
  const auto said = [](auto&& change) {
    AdapterConfig config = lora({"q_proj"});
    change(config);
    return refusal([&] { validate(config, "adapter"); });
  };
  EXPECT_THAT(said([](AdapterConfig& c) { c.type = "ia3"; }), HasSubstr("adapter.type 'ia3': use none, lora or"));
  EXPECT_THAT(said([](AdapterConfig& c) { c.r = 0; }), HasSubstr("adapter.r is 0"));
  EXPECT_THAT(said([](AdapterConfig& c) { c.lora_alpha = 0; }), HasSubstr("adapter.lora_alpha is 0"));
  EXPECT_THAT(said([](AdapterConfig& c) { c.lora_dropout = 0.1; }), HasSubstr("adapter.lora_dropout is 0.1: only 0"));
  EXPECT_THAT(said([](AdapterConfig& c) { c.target_modules.clear(); }), HasSubstr("target_modules is empty"));
  EXPECT_THAT(said([](AdapterConfig& c) {
                c.type = "prompt_tuning";
                c.merge = true;
              }),
              HasSubstr("adapter: virtual tokens"));
  EXPECT_THAT(said([](AdapterConfig& c) { c.type = "none"; }), HasSubstr("adapter.type is none: say lora"));
  EXPECT_EQ(said([](AdapterConfig&) {}), "");
}

/// Writes a folder like the golden one with another configuration and loads it.
std::string refusal_of_file(const std::string& from, const std::string& to) {
  const fs::path source = kGolden / "adapters/llama",
                 folder = fs::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_adapter_refused");
  fs::create_directories(folder);
  fs::copy_file(source / kAdapterTensorsFile, folder / kAdapterTensorsFile, fs::copy_options::overwrite_existing);
  std::string text = core::read_file(source / kAdapterConfigFile);
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw Error("no " + from);
  core::write_file_atomic(folder / kAdapterConfigFile, text.replace(at, from.size(), to));
  return refusal([&] { load_adapter(*base(), folder); });
}

TEST(Adapter, FilesThatComputeSomethingElseAreRefused) {
  EXPECT_EQ(refusal_of_file("\"use_dora\": false", "\"use_dora\": false"), "");
  EXPECT_THAT(refusal_of_file("\"use_dora\": false", "\"use_dora\": true"),
              HasSubstr("use_dora true is not supported"));
  EXPECT_THAT(refusal_of_file("\"bias\": \"none\"", "\"bias\": \"all\""), HasSubstr("bias 'all' is not supported"));
  EXPECT_THAT(refusal_of_file("\"modules_to_save\": null", "\"modules_to_save\": [\"lm_head\"]"),
              HasSubstr("modules_to_save [\"lm_head\"] is not supported"));
  EXPECT_THAT(refusal_of_file("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_proj\": 4}"), HasSubstr("rank_pattern"));
  EXPECT_THAT(refusal_of_file("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\""),
              HasSubstr("init_lora_weights \"pissa\""));
  EXPECT_THAT(refusal_of_file("\"peft_type\": \"LORA\"", "\"peft_type\": \"IA3\""), HasSubstr("peft_type IA3"));
  EXPECT_THAT(refusal_of_file("\"r\": 2", "\"r\": 3"),
              HasSubstr("adapter_config.json and the base model ask for 3x24"));
  EXPECT_THAT(refusal_of_file("\"r\": 2", "\"r\": 100000000"), HasSubstr("r is 100000000: at most 65536"));
  EXPECT_THAT(refusal_of_file("\"r\": 2", "\"r\": \"2\""), HasSubstr("r is \"2\""));
  EXPECT_THAT(refusal_of_file("{", "["), HasSubstr("adapter_config.json: no JSON object"));
}

TEST(Adapter, OfAnotherModelIsRefused) {
  EXPECT_THAT(refusal([] { load_adapter(*base(), kGolden / "adapters/deepseek_v2"); }),
              HasSubstr("the base model has no linear layer 'model.layers.0.self_attn.kv_b_proj'"));
  EXPECT_THAT(refusal([] { load_adapter(*base(), kGolden / "adapters/qwen3"); }), HasSubstr("has shape"));
}

TEST(Adapter, RowsDoNotDependOnTheBatch) {
  for (const char* name : {"llama", "deepseek_v3"}) {
    const fs::path adapter = kGolden / "adapters" / name;
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const auto model = load_with_adapter(kGolden / (name == std::string("llama") ? "llama/llama" : "deepseek_v3/moe"),
                                           adapter, type);
      const at::NoGradGuard no_grad;
      std::vector<std::int64_t> ids;
      core::Rng rng({.seed = 3});
      for (int i = 0; i < 23; ++i) ids.push_back(static_cast<std::int64_t>(rng.below(50)));
      const at::Tensor alone = model->stack(testing::pack({ids}));
      const at::Tensor packed = model->stack(testing::pack({{5, 6, 7}, ids, {8, 9, 10, 11, 12}}));
      EXPECT_TRUE(alone.equal(packed.narrow(0, 3, 23))) << name;
      ids.resize(9);
      EXPECT_TRUE(model->stack(testing::pack({ids})).equal(alone.narrow(0, 0, 9))) << name;
    }
  }
}

TEST(Freeze, PatternsNameWhatIsNotTrained) {
  const auto model = base("moe/qwen3_moe");
  const std::size_t all = trained(*model).size();
  freeze(*model, {"model.embed_tokens.*", "model.layers.[0]*.mlp.experts.*"}, "sft.freeze");
  const std::set<std::string> left = trained(*model);
  EXPECT_EQ(left.size(), all - 3);
  EXPECT_FALSE(left.contains("model.embed_tokens.weight"));
  EXPECT_FALSE(left.contains("model.layers.0.mlp.experts.down_proj"));
  EXPECT_TRUE(left.contains("model.layers.0.mlp.gate.weight"));
  EXPECT_TRUE(left.contains("model.layers.1.self_attn.q_proj.weight"));
}

TEST(Freeze, PatternsOfNothingAndOfEverythingAreRefused) {
  EXPECT_THAT(refusal([] { freeze(*base(), {"lm_head.*", "embed_tokens.*"}, "sft.freeze"); }),
              HasSubstr("sft.freeze: 'embed_tokens.*' matches no parameter"));
  EXPECT_THAT(refusal([] { freeze(*base(), {"*"}, "sft.freeze"); }), HasSubstr("sft.freeze: nothing is left to train"));
}

}  // namespace
}  // namespace r1::model
