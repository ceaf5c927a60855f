// Whole training runs on a tiny corpus: the loss falls, a run cut short and resumed writes the same bytes, SFT starts
// from a folder, and a loss that is no number stops the run with one line.
#include "r1/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "tests/train/tiny_training.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;

class Trainer : public TinyTraining {
 protected:
  void SetUp() override {
    TinyTraining::SetUp();
    inputs_.model.num_attention_heads = 2;
    inputs_.model.q_lora_rank = 16;
    inputs_.model.kv_lora_rank = 16;
    inputs_.model.intermediate_size = 48;
  }
};

TEST_F(Trainer, LossFallsInBothTypes) {
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    const TrainResult result = run(dtype);
    EXPECT_GT(recorder_.records.at(5).front().second, 2.0) << dtype;
    EXPECT_LT(result.final_loss, 0.9) << dtype;  // only a document's first token is random: log(20) / 12 = 0.25
    EXPECT_EQ(result.steps, 40);
    EXPECT_FALSE(fs::exists(inputs_.state));
  }
}

TEST_F(Trainer, CutShortAndResumedWritesTheSameBytes) {
  run("whole");
  const auto whole = recorder_.records;
  recorder_.records.clear();
  recorder_.crash_at = 25;
  EXPECT_THROW(run("cut"), std::runtime_error);
  EXPECT_FALSE(fs::exists(root_ / "cut"));
  EXPECT_EQ(run("cut").resumed_from, 18);
  EXPECT_EQ(recorder_.records, whole);
  EXPECT_TRUE(weights("cut") == weights("whole"));
}

TEST_F(Trainer, GradientCheckpointingWritesTheSameBytes) {
  config_.steps = 6;
  config_.dtype = "bf16";
  config_.balance_loss_alpha = 0.01;
  run("plain");
  config_.gradient_checkpointing = true;
  run("again");
  EXPECT_TRUE(weights("again") == weights("plain"));
}

TEST_F(Trainer, ProfileIsATraceOfThreeUpdates) {
  config_.checkpoint_every = 4;
  config_.steps = 8;
  inputs_.profile = root_ / "no_folder/trace.json";
  EXPECT_THROW(run("refused"), UserError);
  inputs_.profile = root_ / "trace.json";
  run("profiled");
  std::map<std::string, int> ranges;
  const nlohmann::json trace = nlohmann::json::parse(core::read_file(inputs_.profile));
  for (const nlohmann::json& e : trace.at("traceEvents"))
    if (e.value("cat", "") == "user_annotation") ++ranges[e.at("name").get<std::string>()];
  // Two micro-batches an update; packing them is data, too, and backward has a last wait.
  EXPECT_EQ(ranges,
            (std::map<std::string, int>{
                {"other", 1}, {"data", 9}, {"forward", 6}, {"backward", 9}, {"optimizer", 3}, {"checkpoint", 1}}));
}

TEST_F(Trainer, SftStartsFromAFolder) {
  run("base");
  const double base_loss = recorder_.records.at(40).front().second;
  inputs_.init_from = root_ / "base";
  config_.steps = 5;
  config_.optimizer.learning_rate = 1e-4;
  EXPECT_LT(run("tuned").final_loss, base_loss + 0.2);
  EXPECT_FALSE(weights("base") == weights("tuned"));
}

/// Tiny models whose routers have no selection bias.
std::shared_ptr<model::Decoder> bias_free(const std::string& family, const model::DeepseekV3Config& v3) {
  if (family == "qwen3_moe")
    return std::make_shared<model::Llama>(model::LlamaConfig{.model_type = family,
                                                             .vocab_size = 40,
                                                             .hidden_size = 32,
                                                             .intermediate_size = 48,
                                                             .num_hidden_layers = 2,
                                                             .num_attention_heads = 2,
                                                             .num_key_value_heads = 1,
                                                             .head_dim = 16,
                                                             .max_position_embeddings = 64,
                                                             .initializer_range = 0.05,
                                                             .rope = {.dim = 16, .positions = 64},
                                                             .num_experts = 4,
                                                             .num_experts_per_tok = 2,
                                                             .moe_intermediate_size = 16,
                                                             .norm_topk_prob = true},
                                          at::kFloat, 5);
  model::DeepseekV3Config v2 = v3;
  v2.model_type = family;
  v2.norm_topk_prob = false;
  v2.num_nextn_predict_layers = 0;
  return std::make_shared<model::DeepseekV3>(v2, at::kFloat, 5);
}

TEST_F(Trainer, RoutersWithoutBiasAreBalancedByTheLossAlone) {
  config_.balance_loss_alpha = 0.01;
  for (const char* family : {"qwen3_moe", "deepseek_v2"}) {
    inputs_.init_from = root_ / (std::string(family) + "_base");
    fs::create_directories(inputs_.init_from);
    model::write_hf_files(*bias_free(family, inputs_.model), {}, inputs_.init_from);
    recorder_.records.clear();
    EXPECT_LT(run(family).final_loss, 0.9) << family;
    const auto& first = recorder_.records.at(5);
    const auto balance =
        std::find_if(first.begin(), first.end(), [](const auto& v) { return v.first == "moe/balance_loss"; });
    ASSERT_NE(balance, first.end());
    EXPECT_GT(balance->second, 0.5) << family;  // perfect balance is 1 a layer
    const weights::SafetensorsReader before(inputs_.init_from), after(root_ / family);
    EXPECT_EQ(before.names(), after.names());
    for (const std::string& name : after.names()) EXPECT_EQ(name.find("e_score_correction_bias"), std::string::npos);
    const std::string router = "model.layers.1.mlp.gate.weight";
    EXPECT_FALSE(before.load(router).equal(after.load(router)));
  }
}

TEST_F(Trainer, NanStopsWithOneLineThatNamesTheStep) {
  config_.optimizer.learning_rate = 1e30;
  config_.optimizer.warmup_steps = 0;
  try {
    run("out");
    FAIL() << "a learning rate of 1e30 went through";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("at step"), std::string::npos) << e.what();
  }
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

TEST_F(Trainer, RefusesWhatDoesNotFit) {
  inputs_.model.vocab_size = 20;
  EXPECT_THROW(run("out"), UserError);
  inputs_.model.vocab_size = 40;
  config_.row_length = 4096;
  EXPECT_THROW(run("out"), UserError);
}

}  // namespace
}  // namespace r1::train
