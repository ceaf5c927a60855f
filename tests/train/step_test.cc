// Gradients of an update do not depend on micro-batches beyond rounding; expert balancing moves biases as the paper
// says.
#include "r1/train/step.h"

#include <gtest/gtest.h>

#include <ATen/ops/linalg_vector_norm.h>

#include "r1/core/rng.h"
#include "r1/model/families/deepseek_v3/model.h"

namespace r1::train {
namespace {

model::DeepseekV3 small_model(std::int64_t mtp) {
  model::DeepseekV3Config c;
  c.vocab_size = 50;
  c.hidden_size = 32;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.q_lora_rank = 16;
  c.kv_lora_rank = 16;
  c.intermediate_size = 48;
  c.moe_intermediate_size = 16;
  c.n_routed_experts = 4;
  c.num_nextn_predict_layers = mtp;
  c.initializer_range = 0.1;
  return model::DeepseekV3(c, at::kFloat, 2);
}

data::PackedBatch random_rows(std::int64_t rows, std::int64_t length) {
  data::PackedBatch p;
  p.num_rows = rows;
  p.row_length = length;
  core::Rng rng({.seed = 8});
  for (std::int64_t i = 0; i < rows * length; ++i) {
    p.ids.push_back(static_cast<std::int32_t>(rng.below(50)));
    p.positions.push_back(static_cast<std::int32_t>(i % length % 7));
    p.sequence_start.push_back(static_cast<std::int32_t>(i - i % length % 7));
    p.labels.push_back(i % length % 7 == 6 || i % length == length - 1 ? data::kIgnoredLabel : 0);
  }
  for (std::size_t i = 0; i + 1 < p.ids.size(); ++i)
    if (p.labels[i] == 0) p.labels[i] = p.ids[i + 1];
  for (const std::int32_t label : p.labels) p.num_targets += label != data::kIgnoredLabel;
  p.num_tokens = rows * length;
  return p;
}

std::vector<at::Tensor> take_gradients(model::DeepseekV3& model) {
  std::vector<at::Tensor> out;
  for (const model::Parameter& p : model.parameters()) {
    if (!p.tensor->grad().defined()) continue;
    out.push_back(p.tensor->grad().clone());
    p.tensor->mutable_grad().reset();
  }
  return out;
}

TEST(AccumulateGradients, DoesNotDependOnMicroBatches) {
  model::DeepseekV3 model = small_model(1);
  const data::PackedBatch rows = random_rows(6, 20);
  TrainConfig config;
  config.balance_loss_alpha = 0.01;
  config.micro_batch_rows = 6;
  const StepLosses whole = accumulate_gradients(model, rows, config);
  const std::vector<at::Tensor> together = take_gradients(model);
  ASSERT_GT(together.size(), 20u);
  EXPECT_GT(whole.mtp_loss, 1.0);
  EXPECT_GT(whole.balance_loss, 0.0);
  for (const std::int64_t micro : {1, 4}) {
    config.micro_batch_rows = micro;
    const StepLosses cut = accumulate_gradients(model, rows, config);
    EXPECT_NEAR(cut.loss, whole.loss, 1e-5);
    EXPECT_NEAR(cut.mtp_loss, whole.mtp_loss, 1e-5);
    EXPECT_NEAR(cut.balance_loss, whole.balance_loss, 1e-5);
    for (std::size_t i = 0; i < whole.loads.size(); ++i) EXPECT_TRUE(cut.loads[i].equal(whole.loads[i]));
    const std::vector<at::Tensor> apart = take_gradients(model);
    for (std::size_t i = 0; i < together.size(); ++i) {
      const double scale = at::linalg_vector_norm(together[i]).item<double>();
      EXPECT_LT(at::linalg_vector_norm(together[i] - apart[i]).item<double>(), 1e-5 * scale + 1e-9) << i;
    }
  }
}

TEST(RouterBias, MovesByItsSpeedTowardsBalance) {
  model::DeepseekV3 model = small_model(0);
  at::Tensor loads = at::zeros({4}, at::TensorOptions().dtype(at::kLong));
  const std::int64_t counts[] = {5, 1, 3, 3};
  std::copy(counts, counts + 4, loads.mutable_data_ptr<std::int64_t>());
  update_router_biases(model, {loads}, 0.001);
  for (const model::Parameter& p : model.parameters()) {
    if (p.kind != model::Parameter::Kind::RouterBias) continue;
    const float* b = p.tensor->const_data_ptr<float>();
    EXPECT_FLOAT_EQ(b[0], -0.001f);
    EXPECT_FLOAT_EQ(b[1], 0.001f);
    EXPECT_EQ(b[2], 0.0f);
    EXPECT_EQ(b[3], 0.0f);
  }
  EXPECT_NEAR(max_violation({loads}), 2.0 / 3.0, 1e-6);
}

}  // namespace
}  // namespace r1::train
