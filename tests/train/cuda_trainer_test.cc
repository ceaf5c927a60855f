// Training runs on a GPU: a MoE model with its MTP module learns what it learns on the CPU, in both types; a run cut
// short and resumed in float32 writes the same bytes.
#include <gtest/gtest.h>

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
