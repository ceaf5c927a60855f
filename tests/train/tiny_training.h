// What the tests of whole training runs share, on the CPU and on a GPU: a corpus whose documents count upwards from a
// random start, a MoE model with its MTP module, and 40 short steps with a checkpoint every 9.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/data/token_shard.h"
#include "r1/train/trainer.h"
#include "tests/support/recorder.h"

namespace r1::train {

class TinyTraining : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(::testing::TempDir()) /
            ("r1_train_" + std::string(test.test_suite_name()) + "_" + test.name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    write_shard();
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
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  TrainResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return train(config_, inputs_);
  }
  std::string weights(const std::string& name) const { return core::read_file(root_ / name / "model.safetensors"); }

  std::filesystem::path root_;
  TrainConfig config_;
  TrainInputs inputs_;
  test::Recorder recorder_;

 private:
  void write_shard() const {
    data::TokenShardWriter writer(40, 1);
    for (std::uint32_t i = 0; i < 400; ++i) {
      core::Rng rng({.seed = 1, .prompt = i});
      std::vector<std::int32_t> ids;
      for (auto token = static_cast<std::int32_t>(3 + rng.below(20)), n = 0; n < 12; ++n) ids.push_back(token + n);
      writer.add(ids);
    }
    writer.write(root_ / "shard");
  }
};

}  // namespace r1::train
