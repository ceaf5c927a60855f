// Training runs on a GPU: a MoE model with its MTP module learns what it learns on the CPU, in both types; a run cut
// short and resumed in float32 writes the same bytes.
#include <gtest/gtest.h>

#include "r1/model/checkpoint.h"
#include "r1/model/families/llama/model.h"
#include "tests/support/cuda.h"
#include "tests/train/tiny_training.h"

namespace r1::train {
namespace {

class CudaTrainer : public TinyTraining {
 protected:
  void SetUp() override {
    TinyTraining::SetUp();
    config_.device = "cuda";
  }
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

TEST_F(CudaTrainer, GradientCheckpointingWritesTheSameBytesInFloat32) {
  R1_NEEDS_CUDA();
  config_.steps = 6;
  run("plain");
  config_.gradient_checkpointing = true;
  run("again");
  EXPECT_TRUE(weights("again") == weights("plain"));
}

TEST_F(CudaTrainer, RecordedPassesLearnWhatPlainOnesDo) {
  R1_NEEDS_CUDA();
  inputs_.init_from = root_ / "dense";
  std::filesystem::create_directories(inputs_.init_from);
  model::Llama dense({.model_type = "qwen2",
                      .vocab_size = 40,
                      .hidden_size = 32,
                      .intermediate_size = 48,
                      .num_hidden_layers = 2,
                      .num_attention_heads = 2,
                      .num_key_value_heads = 1,
                      .head_dim = 16,
                      .max_position_embeddings = 64,
                      .initializer_range = 0.05,
                      .rope = {.dim = 16, .positions = 64}},
                     at::kFloat, 5);
  model::write_hf_files(dense, {}, inputs_.init_from);
  for (const auto& [dtype, tolerance] : {std::pair{"f32", 1e-4}, {"bf16", 5e-2}}) {
    config_.dtype = dtype;
    config_.cuda_graph = false;
    const double plain = run(std::string(dtype) + "_plain").final_loss;
    config_.cuda_graph = true;
    EXPECT_NEAR(run(std::string(dtype) + "_recorded").final_loss, plain, tolerance) << dtype;
    EXPECT_LT(plain, 0.9);
  }
}

TEST_F(CudaTrainer, CutShortAndResumedWritesTheSameBytes) {
  R1_NEEDS_CUDA();
  run("whole");
  recorder_.crash_at = 25;
  EXPECT_THROW(run("cut"), std::runtime_error);
  EXPECT_EQ(run("cut").resumed_from, 18);
  EXPECT_TRUE(weights("cut") == weights("whole"));
}

}  // namespace
}  // namespace r1::train
