// GRPO's update on a GPU: the trainer's forward gives the sampled log-probabilities to the last bit in bf16, so the
// first update's ratios are all 1; the step changes the weights.
#include "r1/rl/update.h"

#include <gtest/gtest.h>

#include "r1/core/rng.h"
#include "r1/model/families/llama/model.h"
#include "tests/support/cuda.h"

namespace r1::rl {
namespace {

constexpr std::int64_t kVocab = 2048;

std::shared_ptr<model::Decoder> qwen3_like() {
  const model::LlamaConfig c{.model_type = "qwen3",
                             .vocab_size = kVocab,
                             .hidden_size = 512,
                             .intermediate_size = 1024,
                             .num_hidden_layers = 3,
                             .num_attention_heads = 8,
                             .num_key_value_heads = 2,
                             .head_dim = 128,
                             .max_position_embeddings = 512,
                             .initializer_range = 0.05,
                             .rope = {.dim = 128, .positions = 512}};
  auto model = std::make_shared<model::Llama>(c, at::kBFloat16, 3);
  model->to(tensor::device("cuda"));
  return model;
}

std::vector<rollout::Request> requests() {
  std::vector<rollout::Request> out;
  for (std::uint32_t i = 0; i < 12; ++i) {
    core::Rng rng({.seed = 9, .prompt = i / 4});
    rollout::Request r{{}, 4, 0, i / 4, i % 4};
    for (std::uint32_t t = 0; t < 9 + 31 * (i / 4); ++t)
      r.prompt.push_back(static_cast<std::int32_t>(rng.below(kVocab)));
    out.push_back(r);
  }
  return out;
}

TEST(CudaUpdate, TrainsOnWhatItSampledToTheLastBit) {
  R1_NEEDS_CUDA();
  const std::shared_ptr<model::Decoder> model = qwen3_like();
  rollout::Engine engine(model, {1}, {.max_batch = 5, .max_tokens = 256});
  const std::vector<rollout::Request> asked = requests();
  std::vector<Sample> samples(asked.size());
  std::vector<rollout::Completion> completions = engine.generate(asked, {.max_new_tokens = 48});
  std::vector<const Sample*> pointers;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].prompt = &asked[i].prompt;
    samples[i].completion = completions[i];
    samples[i].old_logp = completions[i].logprobs;
    samples[i].advantage = i % 2 == 0 ? 1.0 : -1.0;
    pointers.push_back(&samples[i]);
  }
  GrpoConfig config;
  config.micro_batch_tokens = 400;  // several micro-batches
  EXPECT_EQ(logp_difference(pointers, recompute(*model, pointers, config).logp).max, 0.0);
  train::AdamW optimizer(model->parameters(), config.optimizer);
  const UpdateStats stats = update(*model, optimizer, pointers, {config, 1e-4, train::Peers(nullptr, "test", "")});
  EXPECT_EQ(stats.ratio_sum, stats.tokens);
  EXPECT_EQ(logp_difference(pointers, stats.logp).max, 0.0);
  EXPECT_TRUE(std::isfinite(stats.grad_norm) && stats.grad_norm > 0.0) << stats.grad_norm;
  EXPECT_GT(logp_difference(pointers, recompute(*model, pointers, config).logp).mean, 0.0);
}

}  // namespace
}  // namespace r1::rl
