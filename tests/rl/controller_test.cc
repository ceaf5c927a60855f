// The RL loop on a tiny task: it learns, its log-probabilities match to the last bit, a run cut short and resumed
// writes the same bytes, and a control with shuffled rewards does not learn.
#include "r1/rl/controller.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "tests/support/recorder.h"

namespace r1::rl {
namespace {

namespace fs = std::filesystem;

/// 1 for every answer that holds the letter b, 0 for others.
class LetterScorer : public reward::Scorer {
 public:
  reward::Verdict score(const reward::RewardInput& input) const override {
    const double right = input.completion.find('b') != std::string::npos ? 1.0 : 0.0;
    return {right, {{"accuracy", right}}, reward::Outcome::Scored, ""};
  }
};

class Controller : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_controller_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    const tokenizer::Tokenizer tokens = tokenizer::train_bpe({"abc abc abd"}, {.vocab_size = 259 + 2});
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
    config_.steps = 12;
    config_.prompts_per_step = 4;
    config_.group_size = 8;
    config_.sampling.max_new_tokens = 6;
    config_.engine.max_batch = 12;
    config_.optimizer.learning_rate = 5e-3;
    config_.optimizer.schedule = "constant";
    config_.checkpoint_every = 3;
    for (int i = 0; i < 5; ++i) {
      data::Problem problem;
      problem.id = std::to_string(i);
      problem.prompt = std::string(1, static_cast<char>('c' + i));
      inputs_.problems.push_back(problem);
    }
    inputs_.init_from = root_ / "base";
    inputs_.prompt_template = "Q {prompt}";
    inputs_.scorer = &scorer_;
    inputs_.metrics = &recorder_;
  }
  void TearDown() override { fs::remove_all(root_); }

  GrpoResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return run_grpo(config_, inputs_);
  }
  std::string weights(const std::string& name) const { return core::read_file(root_ / name / "model.safetensors"); }
  double metric(std::int64_t step, const std::string& name) {
    for (const auto& [key, value] : recorder_.records.at(step))
      if (key == name) return value;
    ADD_FAILURE() << "no metric " << name;
    return 0.0;
  }

  fs::path root_;
  GrpoConfig config_;
  GrpoInputs inputs_;
  LetterScorer scorer_;
  test::Recorder recorder_;
};

TEST_F(Controller, LearnsAndItsLogprobsMatchToTheLastBit) {
  config_.steps = 30;
  const GrpoResult result = run("out");
  EXPECT_EQ(result.sampling_logp_difference_max, 0.0);
  EXPECT_EQ(recorder_.records.size(), 30u);
  for (const auto& [step, values] : recorder_.records)
    EXPECT_EQ(metric(step, "sampling/sampling_logp_difference/max"), 0.0) << step;
  EXPECT_LT(metric(1, "reward"), 0.3);
  EXPECT_GT(metric(30, "reward"), 0.8);
  EXPECT_EQ(metric(1, "ratio/mean"), 1.0);
  EXPECT_EQ(metric(1, "clip_ratio/region_mean"), 0.0);
  EXPECT_TRUE(fs::exists(root_ / "out" / "tokenizer.json"));
  EXPECT_FALSE(fs::exists(inputs_.state));
}

TEST_F(Controller, ShuffledRewardsTeachNothing) {
  config_.steps = 30;
  config_.shuffle_rewards = true;
  run("out");
  EXPECT_LT(metric(30, "reward"), 0.5);
}

TEST_F(Controller, LateProblemsAreAskedInTheLastStepsOnlyAndTheWatchSpeaks) {
  data::Problem late;
  late.id = "late";
  late.prompt = "z";
  late.verifier = "late";
  inputs_.late_problems = {late};
  config_.late_steps = 4;
  config_.late_share = 0.5;
  config_.checkpoint_every = 1;
  config_.watch_every = 3;
  inputs_.completions = root_ / "completions";
  double figure = 1.0;
  inputs_.watch = [&](rollout::Engine&) { return WatchFigures{{"accuracy", figure -= 0.3}}; };
  const GrpoResult result = run("out");
  const auto late_samples = [&](int step) {
    std::istringstream lines(core::read_file(inputs_.completions / fmt::format("step-{:06d}.jsonl", step)));
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find("\"prompt_index\":5,") != std::string::npos;
    return count;
  };
  EXPECT_EQ(late_samples(1), 0);
  EXPECT_EQ(late_samples(8), 0);
  EXPECT_EQ(late_samples(9), 16);  // half of 4 prompts x 8 samples
  EXPECT_EQ(late_samples(12), 16);
  EXPECT_GT(result.watch_alerts, 0);  // reward rises, the figure falls
  EXPECT_NEAR(metric(12, "watch/accuracy"), 1.0 - 4 * 0.3, 1e-12);
}

TEST_F(Controller, ABudgetOfComputeEndsTheRun) {
  const GrpoResult whole = run("whole");
  EXPECT_GT(whole.flops, 0.0);
  config_.max_flops = whole.flops / 2;
  const GrpoResult half = run("half");
  EXPECT_GE(half.flops, config_.max_flops);
  EXPECT_LT(half.steps, whole.steps);
  EXPECT_LT(half.flops, 0.75 * whole.flops);
}

TEST_F(Controller, CutShortAndResumedWritesTheSameBytes) {
  config_.mini_batches = 2;
  config_.kl_coefficient = 0.01;
  config_.reference_every = 4;
  run("whole");
  const auto whole = recorder_.records;
  recorder_.records.clear();
  recorder_.crash_at = 8;
  EXPECT_THROW(run("cut"), std::runtime_error);
  EXPECT_FALSE(fs::exists(root_ / "cut"));
  const GrpoResult result = run("cut");
  EXPECT_EQ(result.resumed_from, 6);
  EXPECT_EQ(weights("whole"), weights("cut"));
  EXPECT_EQ(whole, recorder_.records);
  EXPECT_EQ(metric(12, "sampling/sampling_logp_difference/max"), 0.0);
}

TEST_F(Controller, AnAdapterIsSampledAsItIsTrainedAndTheModelStays) {
  const auto base = model::load_hf_folder(root_ / "base", at::kFloat);
  base->visit_parameters([](const model::Parameter& p) {  // a frozen head of small numbers could say nothing clearly
    const at::NoGradGuard no_grad;
    if (p.name == "lm_head.weight") p.tensor->mul_(8.0);
  });
  model::write_hf_files(*base, {}, root_ / "base");
  config_.adapter.type = "lora";
  config_.adapter.lora_alpha = 32;
  config_.optimizer.learning_rate = 1e-2;
  config_.kl_coefficient = 0.001;
  config_.reference_every = 4;
  config_.mini_batches = 2;
  config_.steps = 30;
  const GrpoResult result = run("whole");
  EXPECT_EQ(result.sampling_logp_difference_max, 0.0);
  EXPECT_GT(metric(30, "reward"), metric(1, "reward") + 0.2);
  EXPECT_FALSE(fs::exists(root_ / "whole" / "model.safetensors"));
  recorder_.crash_at = 8;
  EXPECT_THROW(run("cut"), std::runtime_error);
  EXPECT_EQ(run("cut").resumed_from, 6);
  EXPECT_EQ(core::read_file(root_ / "whole" / model::kAdapterTensorsFile),
            core::read_file(root_ / "cut" / model::kAdapterTensorsFile));
  config_.adapter.type = "prompt_tuning";
  EXPECT_THROW(run("prompt"), UserError);
}

TEST_F(Controller, FastNumericsLogsASmallDifference) {
  config_.steps = 2;
  config_.engine.numerics = "fast";
  const GrpoResult result = run("out");
  EXPECT_GT(result.sampling_logp_difference_max, 0.0);
  EXPECT_LT(result.sampling_logp_difference_max, 1e-4);
}

TEST_F(Controller, MeasuresTheKlToTheReferenceWithoutUsingIt) {
  config_.steps = 4;
  config_.kl_log_every = 2;
  run("measured");
  EXPECT_EQ(metric(1, "kl"), 0.0);
  EXPECT_GT(metric(4, "kl"), 0.0);
  config_.kl_log_every = 0;
  run("plain");
  EXPECT_EQ(weights("measured"), weights("plain"));
}

TEST_F(Controller, NanStopsWithOneLineAndKeepsTheCheckpoint) {
  config_.optimizer.learning_rate = 1e30;
  try {
    run("out");
    FAIL() << "a learning rate of 1e30 went through";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("optimizer.learning_rate"), std::string::npos) << e.what();
  }
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

TEST_F(Controller, RefusesBadSettings) {
  config_.group_size = 1;
  EXPECT_THROW(run("out"), UserError);
  config_.group_size = 8;
  config_.mini_batches = 5;
  EXPECT_THROW(run("out"), UserError);
  config_.mini_batches = 1;
  config_.loss_normalizer = "mean";
  EXPECT_THROW(run("out"), UserError);
}

}  // namespace
}  // namespace r1::rl
