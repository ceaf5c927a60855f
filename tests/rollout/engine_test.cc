// The engine against the trainer's forward: in exact numerics every sampled token's log-probability is that of the
// packed forward to the last bit, whatever the batch, slots, refill and chunks; fast numerics agree within rounding;
// stops and limits.
#include "r1/rollout/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "r1/core/error.h"
#include "r1/core/rng.h"
#include "r1/model/adapter.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/model/families/llama/model.h"
#include "r1/tensor/dtype.h"

namespace r1::rollout {
namespace {

std::shared_ptr<model::Decoder> small_model(const std::string& dtype) {
  model::DeepseekV3Config c;
  c.vocab_size = 61;
  c.hidden_size = 48;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 3;
  c.q_lora_rank = 24;
  c.kv_lora_rank = 16;
  c.qk_nope_head_dim = 8;
  c.qk_rope_head_dim = 8;
  c.v_head_dim = 12;
  c.intermediate_size = 64;
  c.moe_intermediate_size = 24;
  c.max_position_embeddings = 128;
  c.initializer_range = 0.15;
  return std::make_shared<model::DeepseekV3>(c, tensor::scalar_type(dtype), 3);
}

/// Grouped queries, biases, norms of queries and keys, a tied head.
std::shared_ptr<model::Decoder> small_qwen3(const std::string& dtype) {
  const model::LlamaConfig c{.model_type = "qwen3",
                             .vocab_size = 61,
                             .hidden_size = 40,
                             .intermediate_size = 56,
                             .num_hidden_layers = 3,
                             .num_attention_heads = 6,
                             .num_key_value_heads = 2,
                             .head_dim = 12,
                             .max_position_embeddings = 128,
                             .initializer_range = 0.2,
                             .tie_word_embeddings = true,
                             .attention_bias = true,
                             .rope = {.dim = 12, .positions = 128}};
  return std::make_shared<model::Llama>(c, tensor::scalar_type(dtype), 3);
}

/// Routed by softmax without groups, every other layer dense.
std::shared_ptr<model::Decoder> small_qwen3_moe(const std::string& dtype) {
  const model::LlamaConfig c{.model_type = "qwen3_moe",
                             .vocab_size = 61,
                             .hidden_size = 40,
                             .intermediate_size = 56,
                             .num_hidden_layers = 4,
                             .num_attention_heads = 6,
                             .num_key_value_heads = 2,
                             .head_dim = 12,
                             .max_position_embeddings = 128,
                             .initializer_range = 0.2,
                             .rope = {.dim = 12, .positions = 128},
                             .num_experts = 7,
                             .num_experts_per_tok = 3,
                             .moe_intermediate_size = 20,
                             .decoder_sparse_step = 2,
                             .norm_topk_prob = true};
  return std::make_shared<model::Llama>(c, tensor::scalar_type(dtype), 3);
}

/// Routed by softmax within groups, no query compression.
std::shared_ptr<model::Decoder> small_v2(const std::string& dtype) {
  model::DeepseekV3Config c = dynamic_cast<model::DeepseekV3&>(*small_model("f32")).config();
  c.model_type = "deepseek_v2";
  c.q_lora_rank = 0;
  c.n_group = 4;
  c.topk_group = 2;
  c.norm_topk_prob = false;
  return std::make_shared<model::DeepseekV3>(c, tensor::scalar_type(dtype), 3);
}

/// With a fresh adapter, its zeros made random.
std::shared_ptr<model::Decoder> adapted(const std::shared_ptr<model::Decoder>& model,
                                        const model::AdapterConfig& config) {
  model::add_adapter(*model, config, 5, "adapter");
  core::Rng rng({.seed = 6});
  model->visit_parameters([&](const model::Parameter& p) {
    const at::NoGradGuard no_grad;
    if (!p.tensor->requires_grad() || p.name.ends_with("lora_A.weight")) return;
    at::Tensor values = tensor::empty_f32(p.tensor->sizes());
    for (std::int64_t i = 0; i < values.numel(); ++i)
      values.mutable_data_ptr<float>()[i] = static_cast<float>(0.3 * rng.normal());
    p.tensor->copy_(values);
  });
  return model;
}
std::shared_ptr<model::Decoder> lora_v3(const std::string& dtype) {
  return adapted(small_model(dtype), {.type = "lora", .r = 5, .lora_alpha = 7.0});
}
std::shared_ptr<model::Decoder> lora_qwen3(const std::string& dtype) {
  return adapted(small_qwen3(dtype), {.type = "lora", .r = 8, .target_modules = {"q_proj", "v_proj", "down_proj"}});
}
std::shared_ptr<model::Decoder> prompt_qwen3(const std::string& dtype) {
  return adapted(small_qwen3(dtype), {.type = "prompt_tuning", .num_virtual_tokens = 6});
}

struct ModelCase {
  std::shared_ptr<model::Decoder> (*make)(const std::string&);
  const char* dtype;
};

std::vector<Request> requests(std::size_t count) {
  std::vector<Request> out;
  for (std::size_t i = 0; i < count; ++i) {
    core::Rng rng({.seed = 9, .prompt = static_cast<std::uint32_t>(i)});
    Request r{{}, 11, 2, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i % 3)};
    r.prompt.resize(1 + i * 7 % 23);
    for (auto& id : r.prompt) id = static_cast<std::int32_t>(3 + rng.below(58));
    out.push_back(r);
  }
  return out;
}

SamplingConfig sampling() {
  SamplingConfig s;
  s.max_new_tokens = 24;
  return s;
}

/// The largest difference between what the engine stored and what the packed forward says.
double largest_difference(Engine& engine, const std::vector<Request>& in, const std::vector<Completion>& out) {
  double worst = 0.0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    std::vector<std::int32_t> ids = in[i].prompt;
    ids.insert(ids.end(), out[i].ids.begin(), out[i].ids.end());
    const std::vector<float> logp = engine.score(ids);
    for (std::size_t t = 0; t < out[i].ids.size(); ++t)
      worst = std::max(worst, std::abs(static_cast<double>(logp[in[i].prompt.size() - 1 + t]) -
                                       static_cast<double>(out[i].logprobs[t])));
  }
  return worst;
}

class EngineExact : public ::testing::TestWithParam<ModelCase> {};

TEST_P(EngineExact, LogprobsEqualThePackedForwardBitForBit) {
  Engine engine(GetParam().make(GetParam().dtype), {1, 7}, {.max_batch = 5, .max_tokens = 64, .prefill_tokens = 11});
  const std::vector<Request> in = requests(17);
  const std::vector<Completion> out = engine.generate(in, sampling());
  EXPECT_EQ(largest_difference(engine, in, out), 0.0);
}

TEST_P(EngineExact, SamplesDoNotDependOnBatchSlotsOrChunks) {
  const auto model = GetParam().make(GetParam().dtype);
  const std::vector<Request> in = requests(17);
  Engine wide(model, {1, 7}, {.max_batch = 32, .max_tokens = 64, .prefill_tokens = 4096});
  const std::vector<Completion> all = wide.generate(in, sampling());
  for (const std::int64_t batch : {1, 3, 16}) {
    Engine narrow(model, {1, 7}, {.max_batch = batch, .max_tokens = 64, .prefill_tokens = 5});
    const std::vector<Completion> again = narrow.generate(in, sampling());
    for (std::size_t i = 0; i < in.size(); ++i) {
      EXPECT_EQ(all[i].ids, again[i].ids) << "batch " << batch << ", request " << i;
      EXPECT_EQ(all[i].logprobs, again[i].logprobs) << "batch " << batch << ", request " << i;
    }
  }
  const std::vector<Completion> one = wide.generate({in[12]}, sampling());  // any one rollout can be replayed alone
  EXPECT_EQ(one[0].ids, all[12].ids);
}

TEST_P(EngineExact, SamplesOfOnePromptShareItAndAreThoseOfEachAlone) {
  const auto model = GetParam().make(GetParam().dtype);
  std::vector<Request> in;
  for (const Request& r : requests(4))
    for (std::uint32_t g = 0; g < 6; ++g) in.push_back({r.prompt, r.seed, r.step, r.prompt_index, g});
  Engine engine(model, {1, 7}, {.max_batch = 9, .max_tokens = 64, .prefill_tokens = 6});
  const std::vector<Completion> together = engine.generate(in, sampling());
  EXPECT_EQ(largest_difference(engine, in, together), 0.0);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::vector<Completion> alone = engine.generate({in[i]}, sampling());
    EXPECT_EQ(alone[0].ids, together[i].ids) << "request " << i;
    EXPECT_EQ(alone[0].logprobs, together[i].logprobs) << "request " << i;
  }
}

TEST_P(EngineExact, RowsKeptFromAnEarlierPromptChangeNoBit) {
  const auto model = GetParam().make(GetParam().dtype);
  Engine keeping(model, {1}, {.max_batch = 2, .max_tokens = 100, .reuse_prefix = true});
  Engine plain(model, {1}, {.max_batch = 2, .max_tokens = 100});
  Request turn = requests(12)[11];
  std::int64_t reused = 0;
  for (std::uint32_t t = 0; t < 4; ++t) {
    turn.step = t;
    Request other = turn;  // a second conversation that parts from the first in its middle
    other.prompt[other.prompt.size() / 2] ^= 1;
    const std::vector<Completion> kept = keeping.generate({turn, other}, sampling());
    const std::vector<Completion> fresh = plain.generate({turn, other}, sampling());
    for (const std::size_t i : {0u, 1u}) {
      EXPECT_EQ(kept[i].ids, fresh[i].ids);
      EXPECT_EQ(kept[i].logprobs, fresh[i].logprobs);
      EXPECT_EQ(fresh[i].reused_tokens, 0);
      reused += kept[i].reused_tokens;
      EXPECT_LT(kept[i].reused_tokens, static_cast<std::int64_t>(turn.prompt.size()));
    }
    const std::size_t known = turn.prompt.size();
    turn.prompt.insert(turn.prompt.end(), kept[0].ids.begin(),
                       kept[0].ids.begin() + std::min<long>(kept[0].ids.size(), 9));
    if (t == 3) {
      EXPECT_GE(kept[0].reused_tokens, static_cast<std::int64_t>(known) - 10)
          << "the conversation's rows were not kept";
    }
  }
  EXPECT_GT(reused, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, EngineExact,
                         ::testing::Values(ModelCase{small_model, "f32"}, ModelCase{small_model, "bf16"},
                                           ModelCase{small_qwen3, "f32"}, ModelCase{small_qwen3, "bf16"},
                                           ModelCase{small_qwen3_moe, "f32"}, ModelCase{small_qwen3_moe, "bf16"},
                                           ModelCase{small_v2, "f32"}, ModelCase{small_v2, "bf16"},
                                           ModelCase{lora_v3, "f32"}, ModelCase{lora_v3, "bf16"},
                                           ModelCase{lora_qwen3, "f32"}, ModelCase{lora_qwen3, "bf16"},
                                           ModelCase{prompt_qwen3, "f32"}, ModelCase{prompt_qwen3, "bf16"}));

TEST(Engine, AbsorbedFormAgreesWithinRounding) {
  const std::vector<Request> in = requests(9);
  for (const auto& model : {small_model("f32"), lora_v3("f32")}) {
    Engine fast(model, {1}, {.max_batch = 4, .max_tokens = 64, .prefill_tokens = 64, .numerics = "fast"});
    const std::vector<Completion> out = fast.generate(in, sampling());
    const double difference = largest_difference(fast, in, out);
    EXPECT_LT(difference, 2e-5);
    EXPECT_GT(difference, 0.0) << "the absorbed form rounds differently; exactly 0 means that it was not used";
  }
}

TEST(Engine, StopsAtEveryEndOfSequenceIdAndAtTheLimit) {
  Engine engine(small_model("f32"), {1, 7}, {.max_batch = 8, .max_tokens = 64});
  int stopped = 0;
  for (const Completion& c : engine.generate(requests(40), sampling())) {
    const bool stop = c.ids.back() == 1 || c.ids.back() == 7;
    EXPECT_EQ(c.finish_reason, stop ? FinishReason::Stop : FinishReason::Length);
    if (!stop) {
      EXPECT_EQ(c.ids.size(), 24u);
    }
    for (std::size_t i = 0; i + 1 < c.ids.size(); ++i) EXPECT_TRUE(c.ids[i] != 1 && c.ids[i] != 7);
    EXPECT_EQ(c.ids.size(), c.logprobs.size());
    stopped += stop;
  }
  EXPECT_GT(stopped, 3);
  SamplingConfig forced = sampling();
  forced.min_new_tokens = 24;
  for (const Completion& c : engine.generate(requests(10), forced)) EXPECT_EQ(c.ids.size(), 24u);
}

TEST(Engine, TheCallbackSeesEveryTokenAndEndsASequence) {
  Engine engine(small_model("f32"), {1}, {.max_batch = 3, .max_tokens = 64});
  const std::vector<Request> in = requests(7);
  std::map<std::uint32_t, std::vector<std::int32_t>> seen;
  const std::vector<Completion> out = engine.generate(in, sampling(), {}, [&](const Completion& so_far) {
    seen[so_far.prompt_index].push_back(so_far.ids.back());
    return so_far.prompt_index != 2 || so_far.ids.size() < 4;
  });
  const std::vector<Completion> whole = engine.generate(in, sampling());
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(out[i].ids, seen[in[i].prompt_index]);
    if (i != 2) {
      EXPECT_EQ(out[i].ids, whole[i].ids);
    }
  }
  ASSERT_GT(whole[2].ids.size(), 4u);
  EXPECT_EQ(out[2].ids, std::vector<std::int32_t>(whole[2].ids.begin(), whole[2].ids.begin() + 4));
  EXPECT_EQ(out[2].finish_reason, FinishReason::Abort);
}

TEST(Engine, GreedyTakesTheMostProbableToken) {
  Engine engine(small_model("f32"), {1}, {.max_batch = 8, .max_tokens = 64});
  SamplingConfig greedy = sampling();
  greedy.temperature = 0.0;
  const std::vector<Request> in = requests(6);
  const std::vector<Completion> out = engine.generate(in, greedy);
  for (std::size_t i = 0; i < in.size(); ++i) {
    std::vector<std::int32_t> ids = in[i].prompt;
    ids.push_back(0);
    for (std::int32_t other = 0; other < 61; ++other) {
      ids.back() = other;
      EXPECT_LE(engine.score(ids).back(), out[i].logprobs[0]);
    }
  }
}

TEST(Engine, BadInputIsOneClearLine) {
  Engine engine(small_model("f32"), {1}, {.max_batch = 2, .max_tokens = 16});
  const auto message = [&](std::vector<std::int32_t> prompt) {
    try {
      engine.generate({{std::move(prompt)}}, sampling());
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message({}).find("empty"), std::string::npos);
  EXPECT_NE(message({61}).find("outside the vocabulary"), std::string::npos);
  EXPECT_NE(message(std::vector<std::int32_t>(16, 3)).find("leaves room for 15"), std::string::npos);
  EXPECT_THROW(Engine(small_model("f32"), {1}, {.numerics = "quick"}), UserError);
}

}  // namespace
}  // namespace r1::rollout
