// A reward model as a scorer: which text it reads, the sequence it builds, verdicts that do not depend on the batch,
// and outcomes that are never a silent 0. One tiny model, trained here to like texts with the letter g better than
// texts with the letter b, serves all cases.
#include "r1/rl/model_scorer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <thread>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tokenizer/bpe_trainer.h"

namespace r1::rl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplate = "Q {prompt} A";
constexpr std::int32_t kEos = 1;

std::string letters(char letter, core::Rng& rng) {
  std::string text(3 + rng.below(4), 'x');
  for (char& c : text) c = static_cast<char>('h' + rng.below(8));
  text[rng.below(text.size())] = letter;
  return text;
}

std::vector<train::RewardExample> pairs(const tokenizer::Tokenizer& tokens, std::uint64_t seed, std::size_t count) {
  core::Rng rng({.seed = seed});
  std::vector<train::RewardExample> out(count);
  for (train::RewardExample& e : out) {
    e.chosen = reward_sequence(tokens, kTemplate, "p", letters('g', rng), kEos);
    e.rejected = reward_sequence(tokens, kTemplate, "p", letters('b', rng), kEos);
  }
  return out;
}

class ModelScorerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::path(::testing::TempDir()) / ("r1_model_scorer_" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    const tokenizer::Tokenizer tokens = tokenizer::train_bpe({"gb"}, {.vocab_size = 259});
    core::write_file_atomic(root_ / "base" / "tokenizer.json", tokens.to_json());
    model::DeepseekV3Config c;
    c.vocab_size = tokens.vocab_size();
    c.hidden_size = 32;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 2;
    c.q_lora_rank = 16;
    c.kv_lora_rank = 16;
    c.intermediate_size = 48;
    c.moe_intermediate_size = 16;
    c.n_routed_experts = 4;
    c.max_position_embeddings = 64;
    c.initializer_range = 0.05;
    model::DeepseekV3 model(c, at::kFloat, 1);
    model::write_hf_files(model, {}, root_ / "base");
    train::RewardModelConfig config;
    config.batch_size = 16;
    config.optimizer.learning_rate = 5e-3;
    config.optimizer.min_learning_rate = 1e-3;
    train::RewardModelInputs inputs;
    inputs.init_from = root_ / "base";
    inputs.examples = pairs(tokens, 1, 400);
    inputs.held_out = pairs(tokens, 2, 50);
    inputs.output = root_ / "reward_model";
    inputs.state = root_ / "state";
    accuracy_ = train::train_reward_model(config, inputs).held_out_accuracy;
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static ModelScorer scorer(const std::string& reads) {
    return {root_ / "reward_model", {.part = "helpful", .reads = reads}, kTemplate};
  }
  static reward::RewardInput input(const std::string& completion) {
    reward::RewardInput out;
    out.prompt = "p";
    out.completion = completion;
    return out;
  }

  static fs::path root_;
  static double accuracy_;
};

fs::path ModelScorerTest::root_;
double ModelScorerTest::accuracy_ = 0.0;

TEST_F(ModelScorerTest, LikesWhatItsModelLikes) {
  EXPECT_GT(accuracy_, 0.9);
  const ModelScorer s = scorer("response");
  const reward::Verdict good = s.score(input("hgij")), bad = s.score(input("hbij"));
  EXPECT_GT(good.score, 0.5);
  EXPECT_LT(bad.score, 0.5);
  EXPECT_EQ(good.outcome, reward::Outcome::Scored);
  ASSERT_EQ(good.parts.size(), 1u);
  EXPECT_EQ(good.parts[0].first, "helpful");
  EXPECT_EQ(good.part("helpful"), good.score);
  EXPECT_NE(good.why.find("helpful score"), std::string::npos);
}

TEST_F(ModelScorerTest, IsTheSigmoidOfTheModelsScoreAboveItsOffset) {
  const train::RewardModel model = train::RewardModel::open(root_ / "reward_model");
  const tokenizer::Tokenizer tokens = tokenizer::Tokenizer::load(root_ / "reward_model" / "tokenizer.json");
  const double score = model.score({reward_sequence(tokens, kTemplate, "p", "kgl", kEos)}).front();
  EXPECT_DOUBLE_EQ(scorer("response").score(input("kgl")).score, 1.0 / (1.0 + std::exp(model.offset() - score)));
}

TEST_F(ModelScorerTest, ReadsTheLastAnswerOrEverything) {
  const ModelScorer answer = scorer("answer"), response = scorer("response");
  const std::string text = "<think>bbb</think><answer>b</answer> <answer> hgi </answer>";
  EXPECT_EQ(ModelScorer::text(text, "answer"), "hgi");
  EXPECT_EQ(ModelScorer::text(text, "response"), text);
  EXPECT_EQ(ModelScorer::text("hgi", "answer"), std::nullopt);
  const reward::Verdict read = answer.score(input(text));
  EXPECT_EQ(read.outcome, reward::Outcome::Scored);
  EXPECT_EQ(read.score, response.score(input("hgi")).score);
  EXPECT_NE(read.score, response.score(input(text.substr(0, 30))).score);
}

TEST_F(ModelScorerTest, WhatCannotBeReadIsUnparseable) {
  const ModelScorer answer = scorer("answer");
  const std::string many(80, 'g');
  for (const std::string& completion : {std::string("hgi"), std::string("<answer> </answer>"),
                                        "<answer>" + many + "</answer>", std::string("</answer>g<answer>")}) {
    const reward::Verdict v = answer.score(input(completion));
    EXPECT_EQ(v.outcome, reward::Outcome::Unparseable) << completion;
    EXPECT_EQ(v.score, 0.0) << completion;
    ASSERT_EQ(v.parts.size(), 1u) << completion;
    EXPECT_EQ(v.parts[0].second, 0.0) << completion;
    EXPECT_FALSE(v.why.empty()) << completion;
  }
  EXPECT_EQ(answer.score(input("hgi")).why, "no <answer> tag");
  EXPECT_NE(answer.score(input("<answer>" + many + "</answer>")).why.find("reads 64"), std::string::npos);
}

TEST_F(ModelScorerTest, AVerdictDoesNotDependOnBatchOrThread) {
  const ModelScorer s = scorer("answer");
  core::Rng rng({.seed = 6});
  std::vector<reward::RewardInput> inputs;
  for (int i = 0; i < 24; ++i) {
    const std::string text = letters(i % 2 == 0 ? 'g' : 'b', rng);
    inputs.push_back(input(i % 5 == 0 ? text : "<answer>" + text + "</answer>"));
  }
  const std::vector<reward::Verdict> together = s.score_batch(inputs);
  ASSERT_EQ(together.size(), inputs.size());
  std::vector<reward::Verdict> alone(inputs.size());
  const auto work = [&](std::size_t first) {
    for (std::size_t i = first; i < inputs.size(); i += 2) alone[i] = s.score(inputs[i]);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(together[i].score, alone[i].score) << i;
    EXPECT_EQ(together[i].outcome, alone[i].outcome) << i;
    EXPECT_EQ(together[i].outcome == reward::Outcome::Unparseable, i % 5 == 0) << i;
  }
  EXPECT_TRUE(s.score_batch({}).empty());
}

TEST_F(ModelScorerTest, BuildsTemplateTextAndEndOfSequence) {
  const tokenizer::Tokenizer tokens = tokenizer::Tokenizer::load(root_ / "base" / "tokenizer.json");
  const std::vector<std::int32_t> ids = reward_sequence(tokens, "Q {prompt} A", "1+{prompt}", "two", kEos);
  EXPECT_EQ(tokens.decode(ids), "Q 1+{prompt} Atwo<|eos|>");
  EXPECT_EQ(ids.back(), kEos);
  EXPECT_THROW(reward_sequence(tokens, "Q", "1", "two", kEos), UserError);
}

TEST_F(ModelScorerTest, RefusesBadSettings) {
  const auto opens = [&](const char* folder, const ModelScorerConfig& config, const char* prompt_template) {
    const ModelScorer s(root_ / folder, config, prompt_template);
  };
  EXPECT_NO_THROW(opens("reward_model", {.part = "safe"}, kTemplate));
  EXPECT_THROW(opens("reward_model", {.part = ""}, kTemplate), UserError);
  EXPECT_THROW(opens("reward_model", {.part = "safe", .reads = "thoughts"}, kTemplate), UserError);
  EXPECT_THROW(opens("reward_model", {.part = "safe"}, "no place"), UserError);
  EXPECT_THROW(opens("base", {.part = "safe"}, kTemplate), UserError);
  EXPECT_THROW(opens("nowhere", {.part = "safe"}, kTemplate), UserError);
}

}  // namespace
}  // namespace r1::rl
