// The engine on a GPU: in exact numerics a sampled token's log-probability is that of the packed forward to the last
// bit, in bf16, whatever the batch.
#include <gtest/gtest.h>

#include "r1/core/rng.h"
#include "r1/model/adapter.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "r1/rollout/engine.h"
#include "tests/support/cuda.h"

namespace r1::rollout {
namespace {

constexpr std::int64_t kVocab = 2048;

std::shared_ptr<model::Decoder> smol_like() {
  const model::LlamaConfig c{.model_type = "llama",
                             .vocab_size = kVocab,
                             .hidden_size = 576,
                             .intermediate_size = 1536,
                             .num_hidden_layers = 3,
                             .num_attention_heads = 9,
                             .num_key_value_heads = 3,
                             .head_dim = 64,
                             .max_position_embeddings = 512,
                             .initializer_range = 0.05,
                             .tie_word_embeddings = true,
                             .rope = {.dim = 64, .positions = 512}};
  return std::make_shared<model::Llama>(c, at::kBFloat16, 3);
}

std::shared_ptr<model::Decoder> small_moe() {
  model::DeepseekV3Config c;
  c.vocab_size = kVocab;
  c.hidden_size = 128;
  c.initializer_range = 0.05;
  c.max_position_embeddings = 512;
  return std::make_shared<model::DeepseekV3>(c, at::kBFloat16, 3);
}

std::vector<Request> requests(std::uint32_t count) {
  std::vector<Request> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    core::Rng rng({.seed = 9, .prompt = i});
    Request r{{}, 4, 0, i, 0};
    for (std::uint32_t t = 0; t < 5 + 23 * i; ++t) r.prompt.push_back(static_cast<std::int32_t>(rng.below(kVocab)));
    out.push_back(r);
  }
  return out;
}

void expect_exact(const std::shared_ptr<model::Decoder>& model, double tolerance) {
  model->to(tensor::device("cuda"));
  Engine engine(model, {1}, {.max_batch = 4, .max_tokens = 300, .prefill_tokens = 64});
  const std::vector<Request> all = requests(7);
  const std::vector<Completion> out = engine.generate(all, {.max_new_tokens = 40, .min_new_tokens = 40});
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<std::int32_t> ids = all[i].prompt;
    ids.insert(ids.end(), out[i].ids.begin(), out[i].ids.end());
    const std::vector<float> scores = engine.score(ids);
    for (std::size_t t = 0; t < out[i].ids.size(); ++t)
      ASSERT_NEAR(out[i].logprobs[t], scores[all[i].prompt.size() - 1 + t], tolerance)
          << "sequence " << i << ", token " << t;
  }
}

TEST(CudaEngine, LogprobsAreThoseOfThePackedForward) {
  R1_NEEDS_CUDA();
  expect_exact(smol_like(), 0.0);
}

/// A low-rank adapter whose B is not zero.
std::shared_ptr<model::Decoder> adapted(const std::shared_ptr<model::Decoder>& model, std::int64_t r) {
  model::AdapterConfig config;
  config.type = "lora";
  config.r = r;
  model::add_adapter(*model, config, 5, "adapter");
  const at::NoGradGuard no_grad;
  model->visit_parameters([](const model::Parameter& p) {
    if (p.name.ends_with("lora_B.weight")) p.tensor->fill_(0.02);
  });
  return model;
}

TEST(CudaEngine, LogprobsWithAnAdapter) {
  R1_NEEDS_CUDA();
  expect_exact(adapted(smol_like(), 16), 0.0);
  expect_exact(adapted(small_moe(), 16), 0.0);
  expect_exact(adapted(smol_like(), 5),
               0.02);  // rows of 10 bytes: the library's choice of kernel depends on their number
}

TEST(CudaEngine, LogprobsOfExperts) {
  R1_NEEDS_CUDA();
  expect_exact(small_moe(), 0.0);
}

TEST(CudaEngine, GreedyTakesTheBest) {
  R1_NEEDS_CUDA();
  const std::shared_ptr<model::Decoder> model = smol_like();
  model->to(tensor::device("cuda"));
  Engine engine(model, {1}, {.max_batch = 8, .max_tokens = 300});
  const std::vector<Request> all = requests(3);
  const SamplingConfig greedy{.temperature = 0.0, .max_new_tokens = 12};
  const std::vector<Completion> first = engine.generate(all, greedy), again = engine.generate({all[2]}, greedy);
  EXPECT_EQ(first[2].ids, again[0].ids);
}

}  // namespace
}  // namespace r1::rollout
