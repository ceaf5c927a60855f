// Losses against forgetting: EWC's gradient and the Fisher diagonal against their formulas, the KL on whole runs (a
// model stays nearer to its start), and that runs resume to the same bytes.
#include "r1/train/forgetting.h"

#include <gtest/gtest.h>

#include <ATen/ops/full_like.h>

#include <map>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/data/loader.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/train/step.h"
#include "tests/support/recorder.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;

/// Documents that count up (direction 1) or down (-1) from a random start.
void write_shard(const fs::path& file, std::int32_t direction) {
  data::TokenShardWriter writer(40, 1);
  for (std::uint32_t i = 0; i < 200; ++i) {
    core::Rng rng({.seed = 1, .prompt = i});
    std::vector<std::int32_t> ids;
    const auto start = static_cast<std::int32_t>(16 + rng.below(10));
    for (std::int32_t n = 0; n < 12; ++n) ids.push_back(start + direction * n);
    writer.add(ids);
  }
  writer.write(file);
}

class ForgettingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_forgetting_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    write_shard(root_ / "up", 1);
    write_shard(root_ / "down", -1);
    core::write_file_atomic(root_ / "tokenizer.json", "{}");
    inputs_.tokenizer_json = root_ / "tokenizer.json";
    inputs_.shard = root_ / "up";
    inputs_.metrics = &recorder_;
    model::DeepseekV3Config& c = inputs_.model;
    c.vocab_size = 40;
    c.hidden_size = 32;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 2;
    c.q_lora_rank = 16;
    c.kv_lora_rank = 16;
    c.intermediate_size = 48;
    c.moe_intermediate_size = 16;
    c.n_routed_experts = 4;
    c.num_nextn_predict_layers = 1;
    c.initializer_range = 0.05;
    config_.steps = 20;
    config_.rows_per_step = 4;
    config_.row_length = 32;
    config_.micro_batch_rows = 3;
    config_.checkpoint_every = 6;
    config_.log_every = 1;
    config_.optimizer.learning_rate = 1e-2;
    config_.optimizer.weight_decay = 0.0;
    config_.forgetting.ewc_batches = 3;
  }
  void TearDown() override { fs::remove_all(root_); }

  TrainResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return train(config_, inputs_);
  }
  /// Trains `base` counting up; later runs start there and count down.
  void make_base() {
    run("base");
    inputs_.init_from = root_ / "base";
    inputs_.shard = root_ / "down";
    inputs_.ewc_shard = root_ / "up";
    recorder_.records.clear();
  }
  std::string weights(const std::string& name) const { return core::read_file(root_ / name / "model.safetensors"); }
  std::shared_ptr<model::Decoder> load(const std::string& name, at::ScalarType type = at::kFloat) const {
    return model::load_hf_folder(root_ / name, type);
  }
  data::PackedBatch batch_of(const std::string& shard) const {
    const data::TokenShard data(root_ / shard);
    return data::PackedLoader(data, {.rows_per_batch = 8, .row_length = 32, .seed = 77}, 2).next();
  }
  /// Mean next-token loss of a finished run on a shard.
  double loss_on(const std::string& name, const std::string& shard) const {
    TrainConfig plain;
    plain.mtp_weight = plain.balance_loss_alpha = 0.0;
    return accumulate_gradients(*load(name), batch_of(shard), plain).loss;
  }
  /// KL(base || run), mean over the targets of a shard.
  double kl_from_base(const std::string& name, const std::string& shard) const {
    ForgettingConfig config;
    config.kl_to_start = 1.0;
    const Forgetting forgetting(config, load("base"), {});
    TrainConfig plain;
    return accumulate_gradients(*load(name), batch_of(shard), plain, &forgetting).start_kl;
  }
  double metric(std::int64_t step, const std::string& name) const {
    for (const auto& [key, value] : recorder_.records.at(step))
      if (key == name) return value;
    ADD_FAILURE() << "no metric " << name;
    return 0.0;
  }

  fs::path root_;
  TrainConfig config_;
  TrainInputs inputs_;
  test::Recorder recorder_;
};

TEST_F(ForgettingTest, EwcGradientFollowsTheFormula) {
  const auto start = std::make_shared<model::DeepseekV3>(inputs_.model, at::kFloat, 1);
  model::DeepseekV3 moved(inputs_.model, at::kFloat, 2);
  const std::vector<model::Parameter> now = moved.parameters(), then = start->parameters();
  std::vector<at::Tensor> fisher(now.size());
  core::Rng rng({.seed = 3});
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i].kind == model::Parameter::Kind::RouterBias) continue;
    fisher[i] = at::full_like(*now[i].tensor, rng.uniform()).detach();
    if (i % 2 == 0) now[i].tensor->mutable_grad() = at::full_like(*now[i].tensor, 0.25);
  }
  ForgettingConfig config;
  config.ewc = 3.0;
  const double penalty = Forgetting(config, start, fisher).add_ewc_gradient(moved);
  double expected = 0.0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!fisher[i].defined()) {
      EXPECT_FALSE(now[i].tensor->grad().defined());
      continue;
    }
    const at::Tensor distance = now[i].tensor->detach().to(at::kDouble) - then[i].tensor->detach().to(at::kDouble);
    const at::Tensor f = fisher[i].to(at::kDouble);
    const at::Tensor gradient = f * distance * 3.0 + (i % 2 == 0 ? 0.25 : 0.0);
    EXPECT_LT((now[i].tensor->grad().to(at::kDouble) - gradient).abs().max().item<double>(), 1e-6) << now[i].name;
    expected += 1.5 * (f * distance * distance).sum().item<double>();
  }
  EXPECT_GT(expected, 1.0);
  EXPECT_NEAR(penalty, expected, 1e-6 * expected);
}

TEST_F(ForgettingTest, FisherIsTheMeanSquaredGradient) {
  model::DeepseekV3 model(inputs_.model, at::kFloat, 1);
  const data::TokenShard shard(root_ / "up");
  const std::vector<at::Tensor> fisher = diagonal_fisher(model, shard, config_, 2);
  const std::vector<model::Parameter> parameters = model.parameters();
  for (const model::Parameter& p : parameters) EXPECT_FALSE(p.tensor->grad().defined()) << p.name;
  TrainConfig plain = config_;
  plain.mtp_weight = plain.balance_loss_alpha = 0.0;
  data::PackedLoader loader(shard, {.rows_per_batch = 4, .row_length = 32, .seed = config_.seed}, 2);
  std::vector<at::Tensor> expected(parameters.size());
  for (int batch = 0; batch < 3; ++batch) {
    accumulate_gradients(model, loader.next(), plain);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!parameters[i].tensor->grad().defined()) continue;
      const at::Tensor g = parameters[i].tensor->grad().to(at::kDouble);
      expected[i] = expected[i].defined() ? expected[i] + g * g / 3.0 : g * g / 3.0;
      parameters[i].tensor->mutable_grad().reset();
    }
  }
  std::size_t compared = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    ASSERT_EQ(fisher[i].defined(), expected[i].defined()) << parameters[i].name;
    if (!fisher[i].defined()) continue;
    const double scale = expected[i].max().item<double>();
    EXPECT_LT((fisher[i].to(at::kDouble) - expected[i]).abs().max().item<double>(), 1e-6 * scale + 1e-30);
    ++compared;
  }
  EXPECT_GT(compared, 20u);
}

TEST_F(ForgettingTest, KlIsZeroAtTheStartAndHoldsTheModelNearIt) {
  make_base();
  run("free");
  EXPECT_NEAR(kl_from_base("base", "down"), 0.0, 1e-6);
  config_.forgetting.kl_to_start = 2.0;
  run("held");
  EXPECT_NEAR(metric(1, "forgetting/kl"), 0.0, 1e-6);
  EXPECT_GT(metric(20, "forgetting/kl"), 0.0);
  const double free = kl_from_base("free", "down"), held = kl_from_base("held", "down");
  EXPECT_GT(free, 0.5);
  EXPECT_LT(held, 0.5 * free);
  EXPECT_NEAR(metric(20, "forgetting/kl"), held, 0.5 * held);
}

TEST_F(ForgettingTest, EwcKeepsMoreOfTheEarlierData) {
  make_base();
  const double before = loss_on("base", "up");
  config_.steps = 12;
  run("free");
  config_.forgetting.ewc = 1e4;
  run("held");
  EXPECT_EQ(metric(1, "forgetting/ewc"), 0.0);
  EXPECT_GT(metric(12, "forgetting/ewc"), 0.0);
  EXPECT_GT(loss_on("free", "up"), before + 0.5);
  // a small effect at this lambda (0.82 of the loss that is forgotten without): Adam moves weights of little Fisher
  // freely
  EXPECT_LT(loss_on("held", "up") - before, 0.9 * (loss_on("free", "up") - before));
}

TEST_F(ForgettingTest, CutShortAndResumedWritesTheSameBytes) {
  make_base();
  config_.forgetting.kl_to_start = 0.5;
  config_.forgetting.ewc = 100.0;
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    recorder_.records.clear();
    run("whole");
    const auto whole = recorder_.records;
    recorder_.records.clear();
    recorder_.crash_at = 15;
    EXPECT_THROW(run("cut"), std::runtime_error);
    EXPECT_EQ(run("cut").resumed_from, 12);
    EXPECT_EQ(recorder_.records, whole);
    EXPECT_TRUE(weights("cut") == weights("whole"));
  }
}

TEST_F(ForgettingTest, WeightsOfZeroChangeNothing) {
  make_base();
  run("with_shard");
  for (const auto& [key, value] : recorder_.records.at(1)) EXPECT_FALSE(key.starts_with("forgetting/"));
  inputs_.ewc_shard.clear();
  config_.forgetting.ewc_batches = 1;
  run("without");
  EXPECT_TRUE(weights("with_shard") == weights("without"));
}

TEST_F(ForgettingTest, RefusesWhatHasNoStartOrNoData) {
  config_.forgetting.kl_to_start = 0.1;
  EXPECT_THROW(run("out"), UserError);  // fresh weights
  config_.forgetting.kl_to_start = 0.0;
  make_base();
  config_.forgetting.ewc = 1.0;
  inputs_.ewc_shard.clear();
  EXPECT_THROW(run("out"), UserError);
  config_.forgetting.ewc = -1.0;
  EXPECT_THROW(run("out"), UserError);
}

}  // namespace
}  // namespace r1::train
