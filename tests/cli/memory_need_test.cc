// The bytes of known models: SmolLM2-135M by grouped heads, DeepSeek-V3 by its latent (model.md of the papers'
// numbers).
#include "r1/cli/memory_need.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "r1/core/fs.h"

namespace r1::cli {
namespace {

std::optional<CacheNumbers> numbers_of(const std::string& config) {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_memory_need.json");
  core::write_file_atomic(file, config);
  return cache_numbers(file);
}

TEST(MemoryNeed, GroupedHeads) {
  const auto cache = numbers_of(
      R"({"num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 576})");
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->exact, 30 * 2 * 3 * 64);
  const MemoryNeed bf16 = memory_need(134'515'008, *cache, 2), f32 = memory_need(134'515'008, *cache, 4);
  EXPECT_EQ(bf16.weights, 269'030'016);
  EXPECT_EQ(bf16.cache_1000, 23'040'000);
  EXPECT_EQ(bf16.fine_tuning(), 134'515'008LL * 16);  // 2 + 2 + 12 bytes a parameter
  EXPECT_EQ(f32.fine_tuning(), 134'515'008LL * 16);   // 4 + 4 + 8
  EXPECT_EQ(f32.reinforcement(), 134'515'008LL * 20);
}

TEST(MemoryNeed, LatentAttention) {
  const auto cache = numbers_of(R"({"num_hidden_layers": 61, "num_attention_heads": 128, "kv_lora_rank": 512,
    "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128})");
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->fast, 61 * 576);
  EXPECT_EQ(cache->exact, 61 * 128 * 320);
}

TEST(MemoryNeed, NothingFromOtherFiles) {
  for (const char* text : {"", "[]", R"({"num_hidden_layers": -1, "num_attention_heads": 4, "head_dim": 8})",
                           R"({"num_hidden_layers": 1e9, "num_attention_heads": 4})", R"({"num_hidden_layers": 2})"})
    EXPECT_FALSE(numbers_of(text)) << text;
}

}  // namespace
}  // namespace r1::cli
