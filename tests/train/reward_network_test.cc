// The reward model's network against transformers' DeepseekV3ForSequenceClassification (tools/golden/reward_model.py):
// scores, losses and gradients; and that a text's score does not change by one bit with its neighbours.
#include "r1/train/reward_network.h"

#include <gtest/gtest.h>

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "r1/core/rng.h"
#include "r1/kernels/parallel.h"
#include "r1/model/checkpoint.h"
#include "r1/tensor/dtype.h"
#include "r1/train/reward_batch.h"
#include "r1/train/reward_loss.h"

namespace r1::train {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kGolden = std::filesystem::path(R1_SOURCE_DIR) / "tests/golden";

struct GoldenCase {
  Json golden = Json::parse(std::ifstream(kGolden / "reward_model.json"));
  RewardNetwork network{kGolden / "deepseek_v3" / "moe", at::kFloat, 1};
  std::vector<RewardExample> examples;
  RewardExamples view;

  GoldenCase() {
    const at::NoGradGuard no_grad;
    const auto head = golden["score_weight"].get<std::vector<float>>();
    std::copy(head.begin(), head.end(), network.head().tensor->mutable_data_ptr<float>());
    network.head().tensor->add_(0);  // moves the version counter, as every in-place change does
    for (std::size_t i = 0; i < golden["chosen"].size(); ++i)
      examples.push_back({golden["chosen"][i].get<TokenSequence>(), golden["rejected"][i].get<TokenSequence>(),
                          golden["labels"][i].get<double>()});
    for (const RewardExample& e : examples) view.push_back(&e);
  }

  void expect_gradients(const Json& want) {
    const at::Tensor head = network.head().tensor->grad();
    for (std::size_t i = 0; i < want["score_gradient"].size(); ++i)
      EXPECT_NEAR(head.const_data_ptr<float>()[i], want["score_gradient"][i].get<double>(), 2e-6) << i;
    // The gradients take the parameters' places, so that they come out under their names on disk.
    network.decoder().visit_parameters([](const model::Parameter& p) {
      const at::Tensor grad = p.tensor->grad().defined() ? p.tensor->grad() : at::zeros_like(*p.tensor);
      const at::NoGradGuard no_grad;
      *p.tensor = grad;
    });
    std::size_t compared = 1;  // score.weight
    for (const auto& [name, grad] : model::hf_tensors(network.decoder())) {
      if (!want["norms"].contains(name)) continue;
      const auto norm = want["norms"][name].get<double>();
      EXPECT_NEAR(at::linalg_vector_norm(grad.to(at::kDouble)).item<double>(), norm, 1e-4 * norm + 1e-7) << name;
      ++compared;
    }
    EXPECT_EQ(compared, want["norms"].size());
    EXPECT_GT(compared, 30u);
  }
};

TEST(RewardNetwork, PairwiseScoresLossAndGradientsAreTheReferences) {
  GoldenCase c;
  const at::Tensor scores = c.network.forward(texts_of(c.view, true));
  for (std::int64_t i = 0; i < 6; ++i)
    EXPECT_NEAR(scores.const_data_ptr<float>()[i],
                (i < 3 ? c.golden["chosen_scores"][static_cast<std::size_t>(i)]
                       : c.golden["rejected_scores"][static_cast<std::size_t>(i - 3)])
                    .get<double>(),
                2e-5)
        << i;
  const at::Tensor loss =
      pairwise_loss(scores.narrow(0, 0, 3), scores.narrow(0, 3, 3), c.golden["center"].get<double>(), 3);
  EXPECT_NEAR(loss.item<double>(), c.golden["pairwise"]["loss"].get<double>(), 1e-5);
  loss.backward();
  c.expect_gradients(c.golden["pairwise"]);
}

TEST(RewardNetwork, PointwiseLossAndGradientsAreTheReferences) {
  GoldenCase c;
  const at::Tensor loss = pointwise_loss(c.network.forward(texts_of(c.view, false)), labels_of(c.view), 3);
  EXPECT_NEAR(loss.item<double>(), c.golden["pointwise"]["loss"].get<double>(), 1e-5);
  loss.backward();
  c.expect_gradients(c.golden["pointwise"]);
}

class Invariance : public ::testing::TestWithParam<const char*> {};

TEST_P(Invariance, AScoreDoesNotDependOnNeighbours) {
  const RewardNetwork network(kGolden / "deepseek_v3" / "moe", tensor::scalar_type(GetParam()), 3);
  std::vector<TokenSequence> texts;
  for (std::uint32_t i = 0; i < 30; ++i) {
    core::Rng rng({.seed = 4, .prompt = i});
    TokenSequence ids(1 + rng.below(40));
    for (std::int32_t& id : ids) id = static_cast<std::int32_t>(rng.below(96));
    texts.push_back(ids);
  }
  std::vector<double> alone;
  std::vector<const TokenSequence*> all;
  for (const TokenSequence& text : texts) {
    alone.push_back(network.score({&text}, 1).front());
    all.push_back(&text);
  }
  EXPECT_NE(alone[0], alone[1]);
  for (const std::int64_t tokens : {1, 50, 100000}) EXPECT_EQ(network.score(all, tokens), alone) << tokens;
  const at::Tensor recorded = network.forward(all);  // with gradients
  EXPECT_EQ(std::vector<double>(recorded.const_data_ptr<float>(), recorded.const_data_ptr<float>() + 30), alone);
  std::reverse(all.begin(), all.end());
  std::vector<double> reversed = network.score(all, 200);
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(reversed, alone);
  const int threads = kernels::num_threads();
  for (const int count : {1, 3}) {
    kernels::set_num_threads(count);
    EXPECT_EQ(network.score(all, 100000).back(), alone.front()) << count << " threads";
  }
  kernels::set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, Invariance, ::testing::Values("f32", "bf16"));

TEST(RewardNetwork, FreshHeadIsAFunctionOfTheSeed) {
  const std::filesystem::path folder = kGolden / "deepseek_v3" / "moe";
  const auto head = [&](std::uint64_t seed) { return *RewardNetwork(folder, at::kFloat, seed).head().tensor; };
  EXPECT_TRUE(head(1).equal(head(1)));
  EXPECT_FALSE(head(1).equal(head(2)));
  const double std_dev = at::linalg_vector_norm(head(1).detach()).item<double>() / std::sqrt(32.0);
  EXPECT_NEAR(std_dev, 0.02, 0.008);  // initializer_range
}

TEST(CutByTokens, KeepsOrderAndLimit) {
  using Runs = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(cut_by_tokens({3, 4, 9, 1, 1}, 7), (Runs{{0, 2}, {2, 3}, {3, 5}}));
  EXPECT_EQ(cut_by_tokens({}, 7), Runs{});
}

}  // namespace
}  // namespace r1::train
