// Logits, loss and every gradient of tiny models of every family but deepseek_v3 (which has a test of its own) against
// transformers' (tools/golden/llama.py, moe.py), in float64 and float32; their folders written and read again.
#include <gtest/gtest.h>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden";

using testing::GoldenCase;

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

/// Block-scaled FP8: no gradients here, the weights are what is new.
class Fp8Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Fp8Golden, WeightsAreReadAsProductsOfElementAndScale) {
  testing::GoldenCase exact(kGolden / "fp8" / GetParam(), at::kDouble);
  testing::expect_golden(exact, {1e-9, 1e-9, 0.0});
  testing::GoldenCase coarse(kGolden / "fp8" / GetParam(), at::kBFloat16),
      plain(kGolden / "fp8" / GetParam(), at::kFloat);
  int compared = 0;
  for (GoldenCase* c : {&coarse, &plain})
    for (const auto& [name, tensor] : hf_tensors(*c->model)) {
      const std::string golden = (c == &coarse ? "weight_bf16." : "weight.") + name;
      if (!c->golden.contains(golden)) continue;
      EXPECT_TRUE(c->golden.load(golden).equal(tensor)) << golden;
      ++compared;
    }
  EXPECT_EQ(compared, 2);
}

INSTANTIATE_TEST_SUITE_P(Families, Fp8Golden, ::testing::Values("llama", "deepseek_v3"));

/// What loading `folder` puts into the log.
std::string log_of(const fs::path& folder, const std::vector<std::string>& read_elsewhere = {}) {
  ::testing::internal::CaptureStderr();
  load_hf_folder(folder, at::kFloat, read_elsewhere);
  return ::testing::internal::GetCapturedStderr();
}

TEST(HfFolder, TensorsNobodyAsksForAreOneWarning) {
  const fs::path source = kGolden / "deepseek_v3/mtp", folder = fs::path(::testing::TempDir()) / "r1_unread";
  EXPECT_EQ(log_of(source), "");  // its MTP module's copies of embedding and head are no news
  fs::create_directories(folder);
  std::string config = core::read_file(source / "config.json");
  const std::string with = R"("num_nextn_predict_layers": 1)", without = R"("num_nextn_predict_layers": 0)";
  ASSERT_NE(config.find(with), std::string::npos);
  core::write_file_atomic(folder / "config.json", config.replace(config.find(with), with.size(), without));
  const weights::SafetensorsReader reader(source);
  weights::NamedTensors tensors;
  std::size_t mtp = 0;
  for (const std::string& name : reader.names()) {
    tensors.emplace_back(name, reader.load(name));
    mtp += name.starts_with("model.layers.2.");
  }
  tensors.emplace_back("model.layers.0.self_attn.rotary_emb.inv_freq", reader.load("model.norm.weight"));
  weights::write_safetensors(folder / "model.safetensors", tensors);
  EXPECT_NE(log_of(folder).find(fmt::format("{} tensors are not read", mtp)), std::string::npos);
  EXPECT_NE(log_of(folder).find("the first is model.layers.2.eh_proj.weight"), std::string::npos);

  tensors.emplace_back("score.weight", reader.load("model.norm.weight"));
  weights::write_safetensors(folder / "model.safetensors", tensors);
  EXPECT_NE(log_of(folder).find(fmt::format("{} tensors are not read", mtp + 1)), std::string::npos);
  EXPECT_NE(log_of(folder, {"score.weight"}).find(fmt::format("{} tensors are not read", mtp)), std::string::npos);
}

}  // namespace
}  // namespace r1::model
