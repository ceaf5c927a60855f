// Logits, loss and every gradient of tiny DeepSeek-V3 models against transformers' (tools/golden/deepseek_v3.py):
// float32 and float64 here, the reference in float64.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "r1/core/fs.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/golden/deepseek_v3";

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, LogitsLossAndGradients) {
  testing::GoldenCase c(kGolden / GetParam(), at::kFloat);
  EXPECT_GT(testing::expect_golden(c, {1e-5, 2e-6, 2e-4}), 20);
}

TEST_P(Golden, LogitsLossAndGradientsInFloat64) {  // the golden gradients are rounded to float32
  testing::GoldenCase c(kGolden / GetParam(), at::kDouble);
  EXPECT_GT(testing::expect_golden(c, {1e-9, 1e-9, 1e-7}), 20);
}

INSTANTIATE_TEST_SUITE_P(DeepseekV3, Golden, ::testing::Values("moe", "yarn", "odd", "mtp"));

TEST(GoldenMtp, LogitsLossAndGradients) {
  testing::GoldenCase c(kGolden / "mtp", at::kFloat);
  std::vector<std::vector<std::int64_t>> inputs, next;
  for (const auto& s : c.sequences) {
    inputs.emplace_back(s.begin(), s.end() - 1);
    next.emplace_back(s.begin() + 1, s.end());
  }
  const ForwardInput input = testing::pack(inputs);
  const at::Tensor normed = c.model->mtp(c.model->stack(input), testing::pack(next).ids, input);
  const at::Tensor want = at::cat({c.golden.load("mtp_logits.0"), c.golden.load("mtp_logits.1")}, 0);
  EXPECT_LT(testing::relative_error(c.model->logits(normed), want), 1e-5);

  const tensor::TokenLogprobs out = c.model->logprobs(normed, testing::targets_of(next, 1), 1.0);
  const at::Tensor sum = -out.logp.sum();
  const double reference = c.golden.load("mtp_nll_sum").item<double>();
  EXPECT_NEAR(sum.item<double>(), reference, 2e-6 * reference);
  (sum / c.golden.load("mtp_count").item<double>()).backward();
  EXPECT_GT(testing::expect_gradients(*c.model, c.golden, "grad_mtp.", 2e-4), 20);
}

TEST(HfFolder, RoundTripIsBitIdentical) {
  testing::GoldenCase c(kGolden / "moe", at::kFloat);
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_hf_round_trip");
  std::filesystem::create_directories(folder);
  write_hf_files(*c.model, {}, folder);
  const weights::SafetensorsReader before(kGolden / "moe" / "model.safetensors"), after(folder);
  ASSERT_EQ(before.names(), after.names());
  for (const std::string& name : before.names()) {
    const at::Tensor a = before.load(name), b = after.load(name);
    EXPECT_TRUE(a.scalar_type() == b.scalar_type() && a.equal(b)) << name;
  }
  EXPECT_EQ(load_eos_ids(folder), std::vector<std::int32_t>{1});
}

TEST(HfFolder, ASuccessorKeepsEveryEndAndTheFilesBesideTheWeights) {
  testing::GoldenCase c(kGolden / "moe", at::kFloat);
  const std::filesystem::path root =
      std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_hf_successor");
  std::filesystem::create_directories(root / "from");
  std::filesystem::create_directories(root / "to");
  write_hf_files(*c.model, {}, root / "from");
  core::write_file_atomic(root / "from" / "generation_config.json", R"({"eos_token_id": [1, 5], "top_p": 0.9})");
  core::write_file_atomic(root / "from" / "tokenizer_config.json", R"({"chat_template": "x"})");
  write_successor_files(*c.model, root / "from", root / "to");
  EXPECT_EQ(load_eos_ids(root / "to"), (std::vector<std::int32_t>{1, 5}));
  for (const char* name : {"config.json", "generation_config.json", "tokenizer_config.json", "model.safetensors"})
    EXPECT_EQ(core::read_file(root / "to" / name), core::read_file(root / "from" / name)) << name;
  EXPECT_FALSE(std::filesystem::exists(root / "to" / "tokenizer.json"));
}

}  // namespace
}  // namespace r1::model
