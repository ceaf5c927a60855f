// The RL loop in two processes: the same samples, rewards and updates as in one, log-probabilities that match to the
// last bit, and the same bytes after a cut.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ATen/ops/linalg_vector_norm.h>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/parallel/process_group.h"
#include "r1/rl/controller.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "r1/weights/safetensors.h"
#include "tests/support/processes.h"
#include "tests/support/recorder.h"

namespace r1::rl {
namespace {

namespace fs = std::filesystem;
using parallel::ProcessGroup;
using parallel::World;
using ::testing::HasSubstr;

/// 1 for every answer that holds the letter b, 0 for others.
class LetterScorer : public reward::Scorer {
 public:
  reward::Verdict score(const reward::RewardInput& input) const override {
    const double right = input.completion.find('b') != std::string::npos ? 1.0 : 0.0;
    return {right, {{"accuracy", right}}, reward::Outcome::Scored, input.prompt};
  }
};

class RlDataParallel : public ::testing::Test {
 protected:
  RlDataParallel() {
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    test::expect_all_well(test::run_processes(1, 30, [&](const World&) {
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
    }));
    config_.steps = 6;
    config_.prompts_per_step = 3;  // shares of 1 and 2 groups
    config_.group_size = 8;
    config_.mini_batches = 2;
    config_.kl_coefficient = 0.01;
    config_.advantage_std = "batch";
    config_.sampling.max_new_tokens = 6;
    config_.engine.max_batch = 12;
    config_.optimizer.learning_rate = 1e-3;
    config_.checkpoint_every = 2;
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
  ~RlDataParallel() override { fs::remove_all(root_); }

  std::vector<test::Ended> run(int processes, const std::string& name) {
    return test::run_processes(processes, 60, [&](const World& world) {
      const auto group = world.size == 1 ? nullptr : std::make_unique<ProcessGroup>(world, false);
      inputs_.group = group.get();
      inputs_.output = root_ / name;
      inputs_.state = root_ / (name + "_state");
      inputs_.completions = root_ / (name + "_completions");
      const GrpoResult result = run_grpo(config_, inputs_);
      EXPECT_EQ(result.sampling_logp_difference_max, 0.0);
      if (!group) return;
      EXPECT_EQ(recorder_.records.empty(), world.rank > 0);
      const std::string facts =
          fmt::format("{} {} {:a} {:a}", result.sampled_tokens, result.updates, result.final_reward, result.flops);
      for (const std::string& other : group->all_gather(facts, "facts")) EXPECT_EQ(other, facts);
    });
  }
  std::string file(const std::string& name) const { return core::read_file(root_ / name); }

  fs::path root_ = fs::path(::testing::TempDir()) /
                   ("r1_rl_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  LetterScorer scorer_;
  test::Recorder recorder_;
  GrpoConfig config_;
  GrpoInputs inputs_;
};

TEST_F(RlDataParallel, TwoProcessesDoWhatOneDoes) {
  test::expect_all_well(run(1, "one"));
  test::expect_all_well(run(2, "two"));
  const std::string first = "_completions/step-000001.jsonl";
  EXPECT_THAT(file("one" + first), HasSubstr("\"why\":"));
  EXPECT_EQ(file("two" + first), file("one" + first));
  const weights::SafetensorsReader base(root_ / "base"), one(root_ / "one"), two(root_ / "two");
  double moved = 0.0, apart = 0.0;
  for (const std::string& name : one.names()) {
    moved += at::linalg_vector_norm(one.load(name) - base.load(name)).item<double>();
    apart += at::linalg_vector_norm(one.load(name) - two.load(name)).item<double>();
  }
  EXPECT_GT(moved, 0.1);
  EXPECT_LT(apart, 1e-3 * moved);
}

TEST_F(RlDataParallel, CutShortAndResumedWritesTheSameBytes) {
  test::expect_all_well(run(2, "whole"));
  recorder_.crash_at = 5;
  const std::vector<test::Ended> cut = run(2, "cut");
  EXPECT_THAT(cut[0].error, HasSubstr("planted crash"));
  EXPECT_THAT(cut[1].error, HasSubstr("rank 0 ended or did not come"));
  EXPECT_TRUE(fs::exists(root_ / "cut_state" / "step-4"));
  recorder_.crash_at = -1;
  test::expect_all_well(run(2, "cut"));
  EXPECT_TRUE(file("cut/model.safetensors") == file("whole/model.safetensors"));
}

TEST_F(RlDataParallel, MoreProcessesThanPromptsAreRefused) {
  config_.prompts_per_step = 1;
  for (const test::Ended& one : run(2, "out"))
    EXPECT_THAT(one.error, HasSubstr("prompts_per_step 1 can't be shared by 2 processes"));
}

}  // namespace
}  // namespace r1::rl
