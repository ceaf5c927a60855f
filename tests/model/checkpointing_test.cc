// Activation checkpointing: the gradients of every family to the last bit, the balance loss and the MTP module
// included; and the bytes that a forward pass leaves for its backward pass.
#include <gtest/gtest.h>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <unordered_map>

#include "r1/core/rng.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "tests/model/golden_case.h"

namespace r1::model {
namespace {

struct Gradients {
  at::Tensor loss;
  std::vector<at::Tensor> grads, loads;
};

Gradients gradients(Decoder& model, const std::vector<std::vector<std::int64_t>>& documents, bool checkpointing) {
  ForwardInput input = testing::pack(documents);
  input.gradient_checkpointing = checkpointing;
  RoutingStats stats;
  const bool balanced = model.dtype() != at::kDouble && model.shape().n_routed_experts > 0;
  stats.sequence_length = balanced ? input.ids.size(0) : 0;
  const at::Tensor h = model.stack(input, &stats);
  at::Tensor loss = -model.logprobs(model.final_norm(h), testing::targets_of(documents, 1), 1.0).logp.sum();
  if (model.shape().num_nextn_predict_layers > 0) {
    const at::Tensor normed = model.mtp(h, input.ids, input, &stats);
    loss = loss - model.logprobs(normed, testing::targets_of(documents, 2), 1.0).logp.sum();
  }
  EXPECT_EQ(stats.balance_losses.empty(), !balanced);
  for (const at::Tensor& balance : stats.balance_losses) loss = loss + 0.1 * balance;
  loss.backward();
  Gradients out{loss.detach(), {}, stats.loads};
  for (const Parameter& p : model.parameters()) {
    out.grads.push_back(p.tensor->grad().defined() ? p.tensor->grad().clone() : at::Tensor());
    p.tensor->mutable_grad().reset();
  }
  return out;
}

class Checkpointing : public ::testing::TestWithParam<const char*> {};

TEST_P(Checkpointing, GradientsHaveTheSameBits) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    const testing::GoldenCase c(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden" / GetParam(), type);
    const Gradients plain = gradients(*c.model, c.sequences, false), again = gradients(*c.model, c.sequences, true);
    EXPECT_TRUE(again.loss.equal(plain.loss));
    ASSERT_EQ(again.loads.size(), plain.loads.size());
    for (std::size_t i = 0; i < plain.loads.size(); ++i) EXPECT_TRUE(again.loads[i].equal(plain.loads[i]));
    const std::vector<Parameter> parameters = c.model->parameters();
    int compared = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      ASSERT_EQ(again.grads[i].defined(), plain.grads[i].defined()) << parameters[i].name;
      if (!plain.grads[i].defined()) continue;
      EXPECT_TRUE(again.grads[i].equal(plain.grads[i])) << parameters[i].name;
      compared += plain.grads[i].ne(0).any().item<bool>();
    }
    EXPECT_GT(compared, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Checkpointing,
                         ::testing::Values("llama/llama", "llama/llama_bias_llama3", "llama/qwen2", "llama/qwen3",
                                           "moe/qwen3_moe", "moe/qwen3_moe_sparse", "moe/v2", "deepseek_v3/moe",
                                           "deepseek_v3/mtp", "deepseek_v3/odd"));

TEST(CheckpointingFrozen, LayersLearnBehindAFrozenEmbedding) {
  for (const char* family : {"llama/qwen2", "deepseek_v3/moe"}) {
    const testing::GoldenCase c(std::filesystem::path(R1_SOURCE_DIR) / "tests/golden" / family, at::kFloat);
    for (const Parameter& p : c.model->parameters())
      p.tensor->requires_grad_(p.name.find("self_attn") != std::string::npos);
    const Gradients plain = gradients(*c.model, c.sequences, false), again = gradients(*c.model, c.sequences, true);
    const std::vector<Parameter> parameters = c.model->parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      ASSERT_EQ(again.grads[i].defined(), parameters[i].tensor->requires_grad()) << parameters[i].name;
      if (!again.grads[i].defined()) continue;
      EXPECT_TRUE(again.grads[i].equal(plain.grads[i])) << parameters[i].name;
    }
  }
}

/// Bytes of tensors on the CPU, counted where libtorch's allocator reports to a profiler.
class Bytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::size_t, std::size_t, c10::Device) override {
    now += size;
    peak = std::max(peak, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
  std::int64_t now = 0, peak = 0;
};

struct Held {
  std::int64_t after_forward = 0, peak = 0;
};
Held bytes_of_a_step(Decoder& model, bool checkpointing) {
  core::Rng rng({.seed = 1});
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 512; ++i) ids.push_back(static_cast<std::int64_t>(rng.below(64)));
  ForwardInput input = testing::pack({ids});
  input.gradient_checkpointing = checkpointing;
  const auto bytes = std::make_shared<Bytes>();
  Held out;
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
    const at::Tensor loss = model.stack(input).square().sum();
    out.after_forward = bytes->now;
    loss.backward();
  }
  out.peak = bytes->peak;
  for (const Parameter& p : model.parameters()) p.tensor->mutable_grad().reset();
  return out;
}

void expect_less(Decoder& model, std::int64_t layers, std::int64_t stream) {
  bytes_of_a_step(model, false);  // packed forms of weights are made once
  const Held plain = bytes_of_a_step(model, false), again = bytes_of_a_step(model, true);
  // What stays is the stream between layers and the output, in float32.
  const std::int64_t one = 512 * 64 * 4;
  EXPECT_LT(again.after_forward, (layers + 2) * stream * one);
  EXPECT_LT(4 * again.after_forward, plain.after_forward);
  EXPECT_LT(2 * again.peak, plain.peak);
}

TEST(CheckpointingBytes, AreTheStreamAlone) {
  Llama dense({.model_type = "llama",
               .vocab_size = 64,
               .hidden_size = 64,
               .intermediate_size = 192,
               .num_hidden_layers = 8,
               .num_attention_heads = 4,
               .num_key_value_heads = 2,
               .head_dim = 16,
               .max_position_embeddings = 512,
               .rope = {.dim = 16, .positions = 512}},
              at::kFloat, 3);
  expect_less(dense, 8, 2);
  DeepseekV3Config c;
  c.vocab_size = 64;
  c.hidden_size = 64;
  c.num_hidden_layers = 8;
  c.num_attention_heads = 4;
  c.moe_intermediate_size = 32;
  c.n_routed_experts = 8;
  DeepseekV3 experts(c, at::kFloat, 3);
  expect_less(experts, 8, 1);
}

}  // namespace
}  // namespace r1::model
