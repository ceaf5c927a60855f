// Batch invariance (docs/architecture.md): a sequence's log-probabilities do not change by one bit with what shares its
// batch, with padding, packing or order, for MLA + MoE in f32 and bf16. Decoding from a cache is compared in
// tests/rollout.
#include <gtest/gtest.h>

#include "r1/core/rng.h"
#include "r1/kernels/parallel.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tensor/dtype.h"
#include "tests/model/batches.h"

namespace r1::model {
namespace {

DeepseekV3Config small_config() {
  DeepseekV3Config c;
  c.vocab_size = 173;
  c.hidden_size = 80;
  c.num_hidden_layers = 3;
  c.num_attention_heads = 3;
  c.q_lora_rank = 40;
  c.kv_lora_rank = 24;
  c.intermediate_size = 112;
  c.moe_intermediate_size = 40;
  c.n_group = 2;
  c.topk_group = 1;
  c.initializer_range = 0.08;
  return c;
}

std::vector<std::int64_t> random_document(std::uint32_t index, std::size_t length) {
  core::Rng rng({.seed = 5, .prompt = index});
  std::vector<std::int64_t> out(length);
  for (auto& id : out) id = static_cast<std::int64_t>(rng.below(173));
  return out;
}

/// Log-probabilities of the tokens of document `which` of a packed batch.
std::vector<float> logprobs(const DeepseekV3& model, const std::vector<std::vector<std::int64_t>>& documents,
                            std::size_t which) {
  std::vector<std::int64_t> targets;
  std::size_t first = 0, total = 0;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    if (d == which) first = total;
    for (std::size_t i = 0; i < documents[d].size(); ++i)
      targets.push_back(i + 1 < documents[d].size() ? documents[d][i + 1] : -1);
    total += documents[d].size();
  }
  at::Tensor target = at::empty({static_cast<std::int64_t>(total)}, at::TensorOptions().dtype(at::kLong));
  std::copy(targets.begin(), targets.end(), target.mutable_data_ptr<std::int64_t>());
  const ForwardInput input = testing::pack(documents);
  const at::Tensor logp = model.logprobs(model.final_norm(model.stack(input)), target, 0.7).logp;
  const float* p = logp.const_data_ptr<float>() + first;
  return {p, p + documents[which].size()};
}

class Invariance : public ::testing::TestWithParam<const char*> {};

TEST_P(Invariance, BatchPackingPaddingOrderThreadsAndGradMode) {
  const DeepseekV3 model(small_config(), tensor::scalar_type(GetParam()), 7);
  const auto document = random_document(0, 37);
  std::vector<float> alone;
  {
    const at::NoGradGuard no_grad;
    alone = logprobs(model, {document}, 0);
  }
  EXPECT_EQ(alone, logprobs(model, {document}, 0)) << "gradient recording on";
  for (const std::size_t others : {1u, 2u, 7u, 40u}) {
    std::vector<std::vector<std::int64_t>> documents;
    for (std::uint32_t i = 0; i < others; ++i) documents.push_back(random_document(i + 1, 1 + i * 5 % 29));
    for (const std::size_t place : {std::size_t{0}, others / 2, others}) {
      auto batch = documents;
      batch.insert(batch.begin() + static_cast<std::ptrdiff_t>(place), document);
      EXPECT_EQ(alone, logprobs(model, batch, place)) << others << " others, place " << place;
    }
  }
  auto padded = std::vector<std::vector<std::int64_t>>{document};
  for (int i = 0; i < 27; ++i) padded.push_back({2});  // pad tokens are documents of their own
  EXPECT_EQ(alone, logprobs(model, padded, 0));
  const int threads = kernels::num_threads();
  for (const int count : {1, 3}) {
    kernels::set_num_threads(count);
    EXPECT_EQ(alone, logprobs(model, {random_document(3, 50), document}, 1)) << count << " threads";
  }
  kernels::set_num_threads(threads);
}

TEST_P(Invariance, OneUlpOfOneWeightShows) {
  DeepseekV3 model(small_config(), tensor::scalar_type(GetParam()), 7);
  const auto document = random_document(0, 37);
  const std::vector<float> before = logprobs(model, {document}, 0);
  EXPECT_EQ(before, logprobs(model, {document}, 0));
  model.visit_parameters([&](const Parameter& p) {
    if (p.name != "model.embed_tokens.weight") return;  // the first token's row: all later tokens see it
    const at::NoGradGuard no_grad;
    const at::Tensor row = p.tensor->detach().select(0, document[0]);
    // One unit in the last place of the row's largest element.
    const std::int64_t at = row.abs().argmax().item<std::int64_t>();
    char* bytes = static_cast<char*>(row.mutable_data_ptr()) + at * static_cast<std::int64_t>(row.element_size());
    bytes[0] = static_cast<char>(bytes[0] ^ 1);
    row.select(0, at).add_(0);  // moves the version counter, as every in-place change does
  });
  EXPECT_NE(before, logprobs(model, {document}, 0));
}

INSTANTIATE_TEST_SUITE_P(Dtypes, Invariance, ::testing::Values("f32", "bf16"));

}  // namespace
}  // namespace r1::model
