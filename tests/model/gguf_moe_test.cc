// Models with experts through GGUF: files that the `gguf` package made of transformers' checkpoints
// (tools/golden/gguf_moe.py) give those checkpoints bit by bit, and r1 writes what the package writes.
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/convert.h"
#include "r1/model/families/deepseek_v3/gguf.h"
#include "r1/model/families/llama/gguf.h"
#include "r1/weights/gguf.h"
#include "tests/model/converted.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using weights::GgufMetadata;
using weights::GgufReader;
using weights::GgufType;

const fs::path kTests = fs::path(R1_SOURCE_DIR) / "tests/golden";
const fs::path kGolden = kTests / "gguf_moe";

/// The configuration as r1 writes it, without what a GGUF file does not hold.
nlohmann::json config_of(const fs::path& folder) {
  const std::string text = core::read_file(folder / "config.json");
  const bool deepseek = text.find("\"deepseek_v") != std::string::npos;
  nlohmann::json config = nlohmann::json::parse(deepseek ? to_hf_json(from_hf_json(text, "config.json"), "f32")
                                                         : to_hf_json(llama_from_hf_json(text, "config.json"), "f32"));
  config.erase("initializer_range");
  return config;
}

class GgufMoe : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufMoe, OthersFilesAreRead) {
  const fs::path own = own_folder(), golden = kGolden / GetParam();
  gguf_to_folder(golden / "model.gguf", {.bos = 0, .pad = {}, .eos = {1}}, {}, own);
  expect_same_tensors(golden, own);
  EXPECT_EQ(config_of(own), config_of(golden));
  const at::NoGradGuard no_grad;
  const ForwardInput input = testing::pack({{1, 2, 3, 20, 7}, {5, 22}});
  EXPECT_TRUE(
      at::equal(load_hf_folder(own, at::kFloat)->stack(input), load_hf_folder(golden, at::kFloat)->stack(input)));
}

TEST_P(GgufMoe, ThereAndBackIsTheSame) {
  const fs::path own = own_folder(), golden = kGolden / GetParam();
  folder_to_gguf(golden, GgufType::F32, {}, own / "x.gguf");
  gguf_to_folder(own / "x.gguf", {.bos = 0, .pad = {}, .eos = {1}}, {}, made(own / "back"));
  expect_same_tensors(golden, own / "back");
  EXPECT_EQ(config_of(own / "back"), config_of(golden));
}

INSTANTIATE_TEST_SUITE_P(Families, GgufMoe, ::testing::Values("deepseek_v3", "deepseek_v2", "qwen3_moe"));

/// The golden file's tensors and keys are in r1's own file of the checkpoint, bit by bit.
void expect_written_alike(const char* name) {
  const fs::path own = own_folder();
  folder_to_gguf(kGolden / name, GgufType::F32, {}, own / "x.gguf");
  const GgufReader ours(own / "x.gguf"), golden(kGolden / name / "model.gguf");
  EXPECT_EQ(ours.names(), golden.names());
  for (const std::string& tensor : golden.names()) {
    EXPECT_EQ(ours.info(tensor).shape, golden.info(tensor).shape) << tensor;
    EXPECT_TRUE(at::equal(ours.load(tensor), golden.load(tensor))) << tensor;
  }
  const std::string architecture = golden.metadata().text("general.architecture");
  int compared = 0;
  for (const auto& [key, value] : golden.metadata().entries()) {
    if (key != "general.architecture" && !key.starts_with(architecture)) continue;
    EXPECT_EQ(ours.metadata().value(key), value) << key;
    ++compared;
  }
  EXPECT_GT(compared, 12);
}

TEST(GgufMoe, DeepseekIsWrittenAsThePackageDoes) { expect_written_alike("deepseek_v3"); }
TEST(GgufMoe, Qwen3IsWrittenAsThePackageDoes) { expect_written_alike("qwen3_moe"); }

TEST(GgufMoe, RoutersStayFloat32) {
  const fs::path own = own_folder();
  folder_to_gguf(kGolden / "deepseek_v3", GgufType::BF16, {}, own / "x.gguf");
  const GgufReader file(own / "x.gguf");
  EXPECT_EQ(file.info("blk.1.ffn_gate_inp.weight").type, GgufType::F32);
  EXPECT_EQ(file.info("blk.1.exp_probs_b.bias").type, GgufType::F32);
  EXPECT_EQ(file.info("blk.1.ffn_gate_exps.weight").type, GgufType::BF16);
  EXPECT_EQ(file.info("blk.0.attn_k_b.weight").type, GgufType::BF16);
}

TEST(GgufMoe, MultiTokenPredictionIsLeftOut) {
  const fs::path own = own_folder();
  folder_to_gguf(kTests / "deepseek_v3/mtp", GgufType::F32, {}, own / "x.gguf");
  gguf_to_folder(own / "x.gguf", {}, {}, made(own / "back"));
  const weights::SafetensorsReader whole(kTests / "deepseek_v3/mtp"), back(own / "back");
  EXPECT_EQ(config_of(own / "back")["num_nextn_predict_layers"], 0);
  for (const std::string& name : whole.names())
    EXPECT_EQ(back.contains(name), !name.starts_with("model.layers.2.")) << name;
}

std::string complaint_of(const fs::path& folder) {
  try {
    folder_to_gguf(folder, GgufType::F32, {}, own_folder() / "x.gguf");
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(GgufMoe, WhatLlamaCppTakesOtherwiseIsNotWritten) {
  EXPECT_THAT(complaint_of(kTests / "moe/qwen3_moe"), HasSubstr("experts in every layer"));  // mlp_only_layers
  EXPECT_THAT(complaint_of(kTests / "moe/v2"), HasSubstr("mscale 1 and mscale_all_dim 0.7"));
}

TEST(GgufMoe, KeysThatChangeTheNumbersAreRefused) {
  const GgufReader golden(kGolden / "deepseek_v3/model.gguf");
  const auto complaint = [&](const std::string& key, const weights::GgufValue& value) -> std::string {
    GgufMetadata metadata = golden.metadata();
    metadata.set("deepseek2." + key, value);
    try {
      deepseek_from_gguf(metadata, 23, "x.gguf");
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(complaint("vocab_size", std::uint32_t{23}), "accepted");
  EXPECT_THAT(complaint("expert_gating_func", std::uint32_t{4}), HasSubstr("expert_gating_func 4"));
  EXPECT_THAT(complaint("expert_gating_func", std::uint32_t{1}), HasSubstr("beside softmax routers"));
  EXPECT_THAT(complaint("nextn_predict_layers", std::uint32_t{1}), HasSubstr("nextn_predict_layers"));
  EXPECT_THAT(complaint("attention.temperature_scale", 0.1F), HasSubstr("attention.temperature_scale"));
  EXPECT_THAT(complaint("rope.dimension_count", std::uint32_t{6}), HasSubstr("rope.dimension_count is 6"));
  EXPECT_THAT(complaint("rope.scaling.type", std::string("linear")), HasSubstr("'linear'"));
  EXPECT_THAT(complaint("rope.scaling.attn_factor", 2.0F), HasSubstr("rope.scaling.attn_factor"));
  EXPECT_THAT(complaint("expert_group_count", std::uint32_t{3}), HasSubstr("n_group 3"));
}

}  // namespace
}  // namespace r1::model
