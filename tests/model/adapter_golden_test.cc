// Adapters made by PEFT: logits, loss and every gradient against PEFT's (tools/golden/lora.py) in float64 and float32,
// merged weights, and the files written again. tools/golden/check_adapters.py reads what FilesWrittenAndReadAgain
// writes with PEFT.
#include <gtest/gtest.h>

#include "r1/core/fs.h"
#include "r1/model/convert.h"
#include "tests/model/adapter_case.h"

namespace r1::model {
namespace {

namespace fs = std::filesystem;
using testing::AdapterCase;
using testing::relative_error;

const fs::path kGolden = fs::path(R1_SOURCE_DIR) / "tests/golden";

class AdapterGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(AdapterGolden, Float64) { testing::expect_golden(AdapterCase(GetParam()), at::kDouble, {1e-9, 1e-9, 1e-9}); }

TEST_P(AdapterGolden, Float32) { testing::expect_golden(AdapterCase(GetParam()), at::kFloat, {1e-5, 1e-6, 1e-4}); }

TEST_P(AdapterGolden, BFloat16) {
  testing::expect_golden(AdapterCase(GetParam()), at::kBFloat16, {4e-2, 1e-2, 1.5e-1});
}

TEST_P(AdapterGolden, FilesWrittenAndReadAgain) {
  const AdapterCase c(GetParam());
  const std::shared_ptr<Decoder> model = c.load(at::kFloat);
  const fs::path folder = fs::path(::testing::TempDir()) / "r1_adapter_folder" / GetParam();
  fs::create_directories(folder);
  const PeftFile read = read_peft_config(c.folder);
  write_adapter(*model, read.config, c.golden.metadata().at("base"), folder);
  const weights::SafetensorsReader before(c.folder / kAdapterTensorsFile), after(folder / kAdapterTensorsFile);
  ASSERT_EQ(before.names(), after.names());
  for (const std::string& name : before.names()) EXPECT_TRUE(before.load(name).equal(after.load(name))) << name;
  const PeftFile again = read_peft_config(folder);
  EXPECT_EQ(again.base_model, c.golden.metadata().at("base"));
  EXPECT_EQ(again.config.type, read.config.type);
  EXPECT_EQ(again.config.scaling(), read.config.scaling());
  EXPECT_EQ(again.config.num_virtual_tokens, read.config.num_virtual_tokens);
}

constexpr const char* kLora[] = {"llama", "qwen2", "qwen3", "qwen3_moe", "deepseek_v2", "deepseek_v3"};
INSTANTIATE_TEST_SUITE_P(Cases, AdapterGolden,
                         ::testing::Values("llama", "qwen2", "qwen3", "qwen3_moe", "deepseek_v2", "deepseek_v3",
                                           "prompt"));

class MergeGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(MergeGolden, FolderAndMemoryAgreeWithPeft) {
  const AdapterCase c(GetParam());
  const fs::path folder = fs::path(::testing::TempDir()) / "r1_merged_folder" / GetParam();
  fs::create_directories(folder);
  folder_to_folder(c.base, {}, folder, c.folder);
  const weights::SafetensorsReader merged(folder), plain(c.base);
  ASSERT_EQ(merged.names(), plain.names());
  int compared = 0, changed = 0;
  for (const std::string& name : merged.names()) {
    changed += !merged.load(name).equal(plain.load(name));
    if (!c.golden.contains("merged." + name)) continue;
    EXPECT_LT(relative_error(merged.load(name), c.golden.load("merged." + name)), 1e-6) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 1);
  EXPECT_EQ(static_cast<std::size_t>(changed),
            weights::SafetensorsReader(c.folder / kAdapterTensorsFile).names().size() / 2);

  const std::shared_ptr<Decoder> in_memory = c.load(at::kFloat), whole = load_hf_folder(folder, at::kFloat);
  const at::NoGradGuard no_grad;
  merge_adapter(*in_memory);
  const ForwardInput input = testing::pack(c.sequences);
  const at::Tensor logits = whole->logits(whole->final_norm(whole->stack(input)));
  EXPECT_TRUE(in_memory->logits(in_memory->final_norm(in_memory->stack(input))).equal(logits));
  EXPECT_LT(relative_error(logits, c.logits()), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Cases, MergeGolden, ::testing::ValuesIn(kLora));

}  // namespace
}  // namespace r1::model
