// Training runs on a GPU: a MoE model with its MTP module learns what it learns on the CPU, in both types; a run cut
// short and resumed in float32 writes the same bytes.
#include <gtest/gtest.h>

#include <filesystem>

#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/data/token_shard.h"
#include "r1/train/trainer.h"
#include "tests/support/cuda.h"
#include "tests/support/recorder.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;

class CudaTrainer : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_cuda_trainer_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    data::TokenShardWriter writer(40, 1);
    for (std::uint32_t i = 0; i < 400; ++i) {  // counting upwards from a random start
      core::Rng rng({.seed = 1, .prompt = i});
      std::vector<std::int32_t> ids;
      for (auto token = static_cast<std::int32_t>(3 + rng.below(20)), n = 0; n < 12; ++n) ids.push_back(token + n);
      writer.add(ids);
    }
    writer.write(root_ / "shard");
    core::write_file_atomic(root_ / "tokenizer.json", "{}");
    inputs_.shard = root_ / "shard";
    inputs_.tokenizer_json = root_ / "tokenizer.json";
    inputs_.metrics = &recorder_;
    inputs_.model.vocab_size = 40;
    inputs_.model.hidden_size = 32;
    inputs_.model.num_hidden_layers = 2;
    inputs_.model.moe_intermediate_size = 16;
    inputs_.model.n_routed_experts = 4;
    inputs_.model.num_nextn_predict_layers = 1;
    inputs_.model.initializer_range = 0.05;
    config_.steps = 40;
    config_.rows_per_step = 4;
    config_.row_length = 32;
    config_.micro_batch_rows = 3;
    config_.checkpoint_every = 9;
    config_.log_every = 5;
    config_.optimizer.learning_rate = 1e-2;
    config_.optimizer.warmup_steps = 5;
    config_.device = "cuda";
  }
  void TearDown() override { fs::remove_all(root_); }
  TrainResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return train(config_, inputs_);
  }

  fs::path root_;
  TrainConfig config_;
  TrainInputs inputs_;
  test::Recorder recorder_;
};

TEST_F(CudaTrainer, LearnsInBothTypesAndNumerics) {
  R1_NEEDS_CUDA();
  for (const char* numerics : {"exact", "fast"})
    for (const char* dtype : {"f32", "bf16"}) {
      config_.dtype = dtype;
      config_.numerics = numerics;
      EXPECT_LT(run(std::string(numerics) + dtype).final_loss, 0.9) << numerics << " " << dtype;
    }
}

TEST_F(CudaTrainer, LearnsWithNarrowMoments) {
  R1_NEEDS_CUDA();
  config_.dtype = "bf16";
  config_.optimizer.moments = "bf16";
  EXPECT_LT(run("narrow").final_loss, 0.9);
}

TEST_F(CudaTrainer, LossIsTheCpusInFloat32) {
  R1_NEEDS_CUDA();
  config_.steps = 8;
  const double gpu = run("gpu").final_loss;
  config_.device = "cpu";
  EXPECT_NEAR(gpu, run("cpu").final_loss, 1e-4);
}

TEST_F(CudaTrainer, CutShortAndResumedWritesTheSameBytes) {
  R1_NEEDS_CUDA();
  run("whole");
  recorder_.crash_at = 25;
  EXPECT_THROW(run("cut"), std::runtime_error);
  EXPECT_EQ(run("cut").resumed_from, 18);
  EXPECT_TRUE(core::read_file(root_ / "cut/model.safetensors") == core::read_file(root_ / "whole/model.safetensors"));
}

}  // namespace
}  // namespace r1::train
