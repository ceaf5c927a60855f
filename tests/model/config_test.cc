// Configuration of DeepSeek-V3: config.json both ways, checks, parameter counts and published constants (handbook facts
// 1, 7, 8).
#include "r1/model/families/deepseek_v3/config.h"

#include <gtest/gtest.h>

#include "r1/core/error.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/layers/rope_table.h"

namespace r1::model {
namespace {

DeepseekV3Config v3() {
  DeepseekV3Config c;
  c.vocab_size = 129280;
  c.hidden_size = 7168;
  c.num_attention_heads = 128;
  c.q_lora_rank = 1536;
  c.kv_lora_rank = 512;
  c.qk_nope_head_dim = 128;
  c.qk_rope_head_dim = 64;
  c.v_head_dim = 128;
  c.rope_scaling.factor = 40.0;
  c.max_position_embeddings = 2;
  return c;
}

TEST(DeepseekV3Config, JsonRoundTrip) {
  DeepseekV3Config c = v3();
  c.q_lora_rank = 0;
  c.num_nextn_predict_layers = 1;
  const DeepseekV3Config back = from_hf_json(to_hf_json(c, "f32"), "config.json");
  EXPECT_EQ(core::dump_config(c), core::dump_config(back));
}

TEST(DeepseekV3Config, RefusesWhatItCannotRun) {
  const auto message = [](const std::string& json) {
    try {
      from_hf_json(json, "x/config.json");
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message("{").find("x/config.json"), std::string::npos);
  EXPECT_NE(message(R"({"model_type": "llama"})").find("'llama' is not supported"), std::string::npos);
  EXPECT_NE(message(R"({"model_type": "deepseek_v3"})").find("vocab_size"), std::string::npos);
  DeepseekV3Config c = v3();
  c.n_group = 3;
  EXPECT_THROW(validate(c), UserError);
  c = v3();
  c.n_group = 4;
  c.num_experts_per_tok = 3;  // one group of two experts can't give three
  EXPECT_THROW(validate(c), UserError);
}

TEST(RopeTable, YarnOfV3) {
  // softmax scale 0.13523378; inverse frequencies 11 and 23 (cos of position 1).
  EXPECT_NEAR(attention_scale(v3()), 0.13523378, 1e-8);
  const tensor::RopeTable table = make_rope_table(rope_spec(v3()));
  EXPECT_NEAR(table.sin[1][11].item<float>(), std::sin(0.0390069), 1e-6);
  EXPECT_NEAR(table.sin[1][16].item<float>(), std::sin(0.0055), 1e-8);
  EXPECT_NEAR(table.sin[1][23].item<float>(), 3.333804e-5, 1e-10);
  DeepseekV3Config plain = v3();
  plain.rope_scaling.factor = 1.0;
  EXPECT_NEAR(attention_scale(plain), 0.0721688, 1e-7);
}

TEST(DeepseekV3, CountsParameters) {
  DeepseekV3Config c;
  c.vocab_size = 100;
  DeepseekV3 model(c, at::kFloat, 1);
  const std::int64_t attention = 128 * 64 + 64 + 64 * 4 * 32 + 128 * (32 + 16) + 32 + 32 * 4 * (16 + 32) + 128 * 128;
  const std::int64_t expert = 3 * 128 * 96, moe = 8 * 128 + 8 + 9 * expert, dense = 3 * 128 * 384, norms = 2 * 128;
  EXPECT_EQ(model.num_parameters(), 2 * 100 * 128 + 128 + 4 * (attention + norms) + dense + 3 * moe);
  EXPECT_EQ(model.num_parameters() - model.num_active_parameters(), 3 * 6 * expert);
}

}  // namespace
}  // namespace r1::model
