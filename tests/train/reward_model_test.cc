// Whole runs of reward-model training on a tiny task: it learns to prefer texts with one token over texts with another,
// random preferences teach nothing, a run cut short and resumed writes the same bytes, and mistakes get one line.
#include "r1/train/reward_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/train/flops.h"
#include "tests/support/recorder.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kEos = 1, kGood = 5, kBad = 6;

/// 4 to 9 random tokens with `token` among them.
std::vector<std::int32_t> text_with(std::int32_t token, core::Rng& rng) {
  std::vector<std::int32_t> ids(4 + rng.below(6));
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(10 + rng.below(20));
  ids[rng.below(ids.size())] = token;
  ids.push_back(kEos);
  return ids;
}

std::vector<RewardExample> pairs(std::uint64_t seed, std::size_t count) {
  std::vector<RewardExample> out(count);
  core::Rng rng({.seed = seed});
  for (RewardExample& e : out) {
    e.chosen = text_with(kGood, rng);
    e.rejected = text_with(kBad, rng);
  }
  return out;
}

std::vector<RewardExample> labelled(std::uint64_t seed, std::size_t count) {
  std::vector<RewardExample> out(count);
  core::Rng rng({.seed = seed});
  for (RewardExample& e : out) {
    e.label = rng.below(2) == 0 ? 0.0 : 1.0;
    e.chosen = text_with(e.label == 1.0 ? kGood : kBad, rng);
  }
  return out;
}

class RewardTraining : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_reward_model_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    shape_.vocab_size = 40;
    shape_.hidden_size = 32;
    shape_.num_hidden_layers = 2;
    shape_.num_attention_heads = 2;
    shape_.q_lora_rank = 16;
    shape_.kv_lora_rank = 16;
    shape_.intermediate_size = 48;
    shape_.moe_intermediate_size = 16;
    shape_.n_routed_experts = 4;
    shape_.num_nextn_predict_layers = 1;
    shape_.max_position_embeddings = 32;
    shape_.initializer_range = 0.05;
    model::DeepseekV3 model(shape_, at::kFloat, 1);
    model::write_hf_files(model, {.bos = 0, .eos = kEos, .pad = 2}, root_ / "base");
    core::write_file_atomic(root_ / "base" / "tokenizer.json", "{}");
    inputs_.init_from = root_ / "base";
    inputs_.metrics = &recorder_;
    config_.batch_size = 16;
    config_.micro_batch_tokens = 100;
    config_.checkpoint_every = 7;
    config_.log_every = 5;
    config_.optimizer.learning_rate = 5e-3;
    config_.optimizer.min_learning_rate = 1e-3;
    config_.optimizer.warmup_steps = 3;
    inputs_.examples = pairs(1, 400);
    inputs_.held_out = pairs(2, 100);
  }
  void TearDown() override { fs::remove_all(root_); }

  RewardModelResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return train_reward_model(config_, inputs_);
  }
  std::string file(const std::string& name, const char* which) const { return core::read_file(root_ / name / which); }
  /// The one line of a run that must fail as the user's mistake.
  std::string mistake() {
    try {
      run("out");
    } catch (const UserError& e) {
      EXPECT_FALSE(fs::exists(root_ / "out"));
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "the run went through";
    return "";
  }
  bool says(const std::string& text) {
    const std::string line = mistake();
    EXPECT_NE(line.find(text), std::string::npos) << line;
    return line.find(text) != std::string::npos;
  }

  fs::path root_;
  model::DeepseekV3Config shape_;
  RewardModelConfig config_;
  RewardModelInputs inputs_;
  test::Recorder recorder_;
};

TEST_F(RewardTraining, LearnsToPreferAToken) {
  config_.log_every = 1;
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    const RewardModelResult result = run(dtype);
    EXPECT_EQ(result.steps, 25);
    EXPECT_NEAR(recorder_.records.at(1).front().second, std::log(2.0), 0.05) << dtype;  // a fresh head knows nothing
    EXPECT_LT(result.final_loss, 0.2) << dtype;
    EXPECT_GT(result.held_out_accuracy, 0.9) << dtype;
    EXPECT_GT(result.train_accuracy, 0.6) << dtype;
    EXPECT_FALSE(fs::exists(inputs_.state));
    const RewardModel model = RewardModel::open(root_ / dtype, dtype);
    EXPECT_EQ(model.kind(), "pairwise");
    EXPECT_EQ(model.offset(), result.offset);
    std::vector<std::vector<std::int32_t>> good, bad;
    for (const RewardExample& e : pairs(3, 100)) {
      good.push_back(e.chosen);
      bad.push_back(e.rejected);
    }
    int right = 0;  // by the offset alone, on texts never seen
    for (const double s : model.score(good)) right += s > model.offset() ? 1 : 0;
    for (const double s : model.score(bad)) right += s < model.offset() ? 1 : 0;
    EXPECT_GT(right, 170) << dtype;
  }
  EXPECT_NE(recorder_.notes.find("held-out pairs"), std::string::npos) << recorder_.notes;
  EXPECT_EQ(recorder_.notes.find("near chance"), std::string::npos) << recorder_.notes;
}

TEST_F(RewardTraining, LearnsLabelsPointwise) {
  config_.kind = "pointwise";
  inputs_.examples = labelled(1, 500);
  inputs_.held_out = labelled(2, 100);
  const RewardModelResult result = run("out");
  EXPECT_GT(result.held_out_accuracy, 0.9);
  EXPECT_EQ(result.offset, 0.0);
  const RewardModel model = RewardModel::open(root_ / "out");
  EXPECT_EQ(model.kind(), "pointwise");
  EXPECT_EQ(model.offset(), 0.0);
}

TEST_F(RewardTraining, RandomPreferencesTeachNothing) {
  core::Rng rng({.seed = 9});
  for (std::vector<RewardExample>* set : {&inputs_.examples, &inputs_.held_out})
    for (RewardExample& e : *set)
      if (rng.below(2) == 0) std::swap(e.chosen, e.rejected);
  const RewardModelResult result = run("out");
  EXPECT_LT(result.held_out_accuracy, 0.65);
  EXPECT_GT(result.held_out_accuracy, 0.35);
}

TEST_F(RewardTraining, CutShortAndResumedWritesTheSameBytes) {
  config_.epochs = 2;
  config_.center_coefficient = 0.01;
  inputs_.examples.resize(150);  // the last update of an epoch is smaller
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    recorder_.records.clear();
    const std::string name = dtype;
    const RewardModelResult whole_result = run("whole" + name);
    const auto whole = recorder_.records;
    recorder_.records.clear();
    recorder_.crash_at = 15;
    EXPECT_THROW(run("cut" + name), std::runtime_error);
    EXPECT_FALSE(fs::exists(root_ / ("cut" + name)));
    const RewardModelResult result = run("cut" + name);
    EXPECT_EQ(result.resumed_from, 14);
    EXPECT_EQ(result.train_accuracy, whole_result.train_accuracy);
    EXPECT_EQ(result.flops, whole_result.flops);
    EXPECT_EQ(recorder_.records, whole);
    for (const char* which : {"model.safetensors", "reward_model.json", "config.json"})
      EXPECT_TRUE(file("cut" + name, which) == file("whole" + name, which)) << which;
  }
}

TEST_F(RewardTraining, CountsTokensAndOperations) {
  config_.epochs = 2;
  const RewardModelResult result = run("out");
  std::int64_t trained = 0, held_out = 0;
  for (const RewardExample& e : inputs_.examples)
    trained += 2 * static_cast<std::int64_t>(e.chosen.size() + e.rejected.size());
  for (const RewardExample& e : inputs_.held_out)
    held_out += static_cast<std::int64_t>(e.chosen.size() + e.rejected.size());
  EXPECT_EQ(result.steps, 50);
  EXPECT_EQ(result.tokens, trained);
  const std::shared_ptr<model::Decoder> model = model::load_hf_folder(root_ / "base", at::kFloat);
  const auto active = static_cast<double>(model->num_active_parameters() - 40 * 32 + 32);  // another head
  EXPECT_DOUBLE_EQ(result.flops, active * (6.0 * static_cast<double>(trained) + 2.0 * static_cast<double>(held_out)));
}

TEST_F(RewardTraining, TheFolderIsHuggingFacesSequenceClassification) {
  run("out");
  const auto config = nlohmann::json::parse(file("out", "config.json"));
  EXPECT_EQ(config["architectures"], nlohmann::json::array({"DeepseekV3ForSequenceClassification"}));
  EXPECT_EQ(config["id2label"].size(), 1u);
  EXPECT_EQ(config["eos_token_id"], kEos);
  EXPECT_EQ(config["pad_token_id"], 2);
  const weights::SafetensorsReader tensors(root_ / "out");
  EXPECT_EQ(tensors.info("score.weight").shape, (std::vector<std::int64_t>{1, 32}));
  const auto card = nlohmann::json::parse(file("out", "reward_model.json"));
  EXPECT_EQ(card["format"], 1);
  EXPECT_EQ(card.size(), 4u);
  for (const char* which : {"tokenizer.json", "generation_config.json"})
    EXPECT_EQ(file("out", which), file("base", which)) << which;
}

TEST_F(RewardTraining, ARewardModelIsTrainedFurtherWithItsHead) {
  run("first");
  inputs_.init_from = root_ / "first";
  config_.optimizer.learning_rate = config_.optimizer.min_learning_rate = 1e-9;
  EXPECT_GT(run("second").train_accuracy, 0.9);
}

TEST_F(RewardTraining, NanStopsWithOneLineThatNamesTheUpdate) {
  config_.optimizer.learning_rate = 1e30;
  config_.optimizer.warmup_steps = 0;
  EXPECT_TRUE(says("optimizer.learning_rate"));
}

TEST_F(RewardTraining, RefusesWhatDoesNotFit) {
  const auto examples = inputs_.examples;
  inputs_.examples[3].rejected.clear();
  EXPECT_TRUE(says("example 3: the rejected text is empty"));
  inputs_.examples[3].rejected.assign(33, 7);
  EXPECT_TRUE(says("33 tokens, the model reads 32"));
  inputs_.examples[3].rejected = {40};
  EXPECT_TRUE(says("token id 40"));
  inputs_.examples.clear();
  EXPECT_TRUE(says("no training examples"));
  inputs_.examples = examples;
  inputs_.held_out[2].chosen = {-1};
  EXPECT_TRUE(says("held-out example 2"));
  inputs_.held_out.clear();
  EXPECT_TRUE(says("no held-out examples"));
  inputs_.held_out = labelled(1, 2);
  config_.kind = "pointwise";
  EXPECT_TRUE(says("example 0 has a rejected text"));
  inputs_.examples = labelled(1, 20);
  inputs_.examples[7].label = 1.5;
  EXPECT_TRUE(says("example 7 has the label 1.5"));
  config_.center_coefficient = 0.1;
  EXPECT_TRUE(says("center_coefficient"));
  config_.kind = "listwise";
  EXPECT_TRUE(says("use pairwise or pointwise"));
  config_.kind = "pairwise";
  config_.batch_size = 0;
  EXPECT_TRUE(says("batch_size"));
}

TEST_F(RewardTraining, OpenRefusesWhatIsNoRewardModel) {
  EXPECT_THROW(RewardModel::open(root_ / "base"), UserError);
  core::write_file_atomic(root_ / "base" / "reward_model.json", "{\"format\": 2}");
  EXPECT_THROW(RewardModel::open(root_ / "base"), UserError);
  core::write_file_atomic(root_ / "base" / "reward_model.json",
                          R"({"format": 1, "kind": "pairwise", "offset": 0.5, "held_out_accuracy": 1})");
  EXPECT_THROW(RewardModel::open(root_ / "base"), UserError);  // no score.weight
}

TEST(SeparatingScore, IsTheBestThreshold) {
  EXPECT_DOUBLE_EQ(separating_score({3.0, 4.0}, {1.0, 2.0}), 2.5);
  EXPECT_DOUBLE_EQ(separating_score({2.0, 4.0, 6.0}, {0.0, 1.0, 3.0}), 3.5);  // 1.5 is as good, the mean 2.67
  EXPECT_DOUBLE_EQ(separating_score({10.0}, {0.0, 1.0, 2.0, 3.0}), 6.5);
  EXPECT_DOUBLE_EQ(separating_score({1.0, 1.0}, {1.0}), 1.0);
  EXPECT_DOUBLE_EQ(separating_score({5.0, 1.0}, {}), 3.0);
  EXPECT_THROW(separating_score({}, {}), Error);
}

TEST(Flops, AreTheRuleOfThumb) {
  EXPECT_EQ(forward_flops(1e6, 10.0), 2e7);
  EXPECT_EQ(training_flops(1e6, 10.0), 6e7);
}

}  // namespace
}  // namespace r1::train
