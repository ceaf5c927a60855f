// Logits, loss and every gradient of tiny models of every family but deepseek_v3 (which has a test of its own) against
// transformers' (tools/golden/llama.py, moe.py), in float64 and float32; their folders written and read again.
#include <gtest/gtest.h>

#include "r1/core/fs.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden";

class FamilyGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(FamilyGolden, Float64) {
  testing::GoldenCase c(kGolden / GetParam(), at::kDouble);
  EXPECT_EQ(static_cast<std::size_t>(testing::expect_golden(c, {1e-9, 1e-9, 1e-9})), hf_tensors(*c.model).size());
}

TEST_P(FamilyGolden, Float32) {
  testing::GoldenCase c(kGolden / GetParam(), at::kFloat);
  testing::expect_golden(c, {1e-5, 1e-6, 1e-4});
}

TEST_P(FamilyGolden, FolderWrittenAndReadAgain) {
  const testing::GoldenCase c(kGolden / GetParam(), at::kFloat);
  const fs::path folder = fs::path(::testing::TempDir()) / "r1_family_folder" / GetParam();
  fs::create_directories(folder);
  write_hf_files(*c.model, {}, folder);
  const weights::SafetensorsReader before(kGolden / GetParam()), after(folder);
  ASSERT_EQ(before.names(), after.names());
  for (const std::string& name : before.names()) EXPECT_TRUE(before.load(name).equal(after.load(name))) << name;
  const std::shared_ptr<Decoder> again = load_hf_folder(folder, at::kFloat);
  const at::NoGradGuard no_grad;
  const ForwardInput input = testing::pack(c.sequences);
  EXPECT_TRUE(again->stack(input).equal(c.model->stack(input)));
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyGolden,
                         ::testing::Values("llama/llama", "llama/llama_bias_llama3", "llama/llama_yarn",
                                           "llama/llama_linear", "llama/qwen2", "llama/qwen2_yarn", "llama/qwen3",
                                           "llama/qwen3_bias", "moe/qwen3_moe", "moe/qwen3_moe_sparse", "moe/v2_lite",
                                           "moe/v2", "moe/v2_greedy"));

/// The error of a folder whose config.json says `change` where it said `before`.
std::string error_of(const std::string& before, const std::string& change) {
  const fs::path folder = fs::path(::testing::TempDir()) / "r1_llama_refused";
  fs::create_directories(folder);
  std::string text = core::read_file(kGolden / "llama/qwen2/config.json");
  const std::size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos) << before;
  core::write_file_atomic(folder / "config.json", text.replace(at, before.size(), change));
  try {
    load_hf_folder(folder, at::kFloat);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

TEST(LlamaConfigFile, WhatCannotBeRunIsRefusedByName) {
  EXPECT_NE(error_of(R"("use_sliding_window": false)", R"("use_sliding_window": true)").find("use_sliding_window"),
            std::string::npos);
  EXPECT_NE(error_of(R"("rope_type": "default")", R"("rope_type": "dynamic", "factor": 2.0)").find("'dynamic'"),
            std::string::npos);
  EXPECT_NE(error_of(R"("rope_type": "default")", R"("rope_type": "linear", "factor": 0.0)").find("factor 0 "),
            std::string::npos);
  EXPECT_NE(error_of(R"("rope_theta": 1000000.0)", R"("rope_theta": -1.0)").find("rope_theta is -1"),
            std::string::npos);
  EXPECT_NE(error_of(R"("hidden_act": "silu")", R"("hidden_act": "gelu")").find("'gelu'"), std::string::npos);
  EXPECT_NE(error_of(R"("full_attention")", R"("sliding_attention")").find("'sliding_attention'"), std::string::npos);
  EXPECT_NE(error_of(R"("model_type": "qwen2")", R"("model_type": "mamba")").find("'mamba' is not supported"),
            std::string::npos);
  EXPECT_NE(error_of(R"("num_key_value_heads": 2)", R"("num_key_value_heads": 3)").find("no multiple"),
            std::string::npos);
  EXPECT_NE(error_of(R"("hidden_size": 24)", R"("hidden_size": "x")").find("config.json"), std::string::npos);
}

}  // namespace
}  // namespace r1::model
