// Soft distillation on tiny models: the student approaches its teacher under every divergence, on given text and on its
// own; counts follow by hand; a run cut short and resumed writes the same bytes; what does not fit is refused.
#include "r1/rl/distill.h"

#include <gtest/gtest.h>

#include <map>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "tests/support/recorder.h"

namespace r1::rl {
namespace {

namespace fs = std::filesystem;

class Distill : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_distill_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    make_model("student", 32, {.seed = 1, .range = 0.05});
    make_model("teacher", 48, {.seed = 2, .range = 0.25});
    core::Rng rng({.seed = 9});
    for (int i = 0; i < 10; ++i) {
      DistillSequence s;
      for (std::uint64_t n = 0, size = 1 + rng.below(4); n < size; ++n)
        s.prompt.push_back(static_cast<std::int32_t>(rng.below(261)));
      for (std::uint64_t n = 0, size = 2 + rng.below(8); n < size; ++n)
        s.completion.push_back(static_cast<std::int32_t>(rng.below(261)));
      inputs_.sequences.push_back(s);
    }
    config_.steps = 12;
    config_.sequences_per_step = 6;
    config_.micro_batch_tokens = 40;
    config_.checkpoint_every = 3;
    config_.sampling.max_new_tokens = 6;
    config_.engine.max_batch = 4;
    config_.optimizer.learning_rate = 5e-3;
    config_.optimizer.schedule = "constant";
    config_.optimizer.weight_decay = 0.0;
    inputs_.teacher = root_ / "teacher";
    inputs_.init_from = root_ / "student";
    inputs_.metrics = &recorder_;
  }
  void TearDown() override { fs::remove_all(root_); }

  struct Fresh {
    std::uint64_t seed;
    double range;
    const char* text = "abc abc abd";  // the tokenizer's
  };
  void make_model(const std::string& name, std::int64_t hidden, const Fresh& fresh) {
    fs::create_directories(root_ / name);
    const tokenizer::Tokenizer tokens = tokenizer::train_bpe({fresh.text}, {.vocab_size = 259 + 2});
    core::write_file_atomic(root_ / name / "tokenizer.json", tokens.to_json());
    model::DeepseekV3Config c;
    c.vocab_size = tokens.vocab_size();
    c.hidden_size = hidden;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 2;
    c.q_lora_rank = 16;
    c.kv_lora_rank = 16;
    c.intermediate_size = 48;
    c.moe_intermediate_size = 16;
    c.n_routed_experts = 4;
    c.max_position_embeddings = 64;
    c.initializer_range = fresh.range;
    model::DeepseekV3 model(c, at::kFloat, fresh.seed);
    const at::NoGradGuard no_grad;
    model.visit_parameters([](const model::Parameter& p) {
      if (p.kind == model::Parameter::Kind::RouterBias) p.tensor->fill_(0.125);
    });
    model::write_hf_files(model, {}, root_ / name);
  }

  DistillResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return distill(config_, inputs_);
  }
  std::string weights(const std::string& name) const { return core::read_file(root_ / name / "model.safetensors"); }
  double metric(std::int64_t step, const std::string& name) {
    for (const auto& [key, value] : recorder_.records.at(step))
      if (key == name) return value;
    ADD_FAILURE() << "no metric " << name;
    return 0.0;
  }

  fs::path root_;
  DistillConfig config_;
  DistillInputs inputs_;
  test::Recorder recorder_;
};

TEST_F(Distill, ApproachesTheTeacherUnderEveryDivergence) {
  config_.steps = 60;
  for (const char* kind : {"forward", "reverse", "jsd"}) {
    config_.divergence = kind;
    const DistillResult result = run(kind);
    EXPECT_EQ(result.final_loss, metric(60, "loss"));
    EXPECT_LT(result.final_loss, 0.4 * metric(1, "loss")) << kind;
    EXPECT_GT(result.final_loss, 0.0) << kind;
    EXPECT_EQ(result.sampled_tokens, 0);
    EXPECT_FALSE(fs::exists(inputs_.state));
    EXPECT_EQ(core::read_file(root_ / kind / "tokenizer.json"), core::read_file(root_ / "student/tokenizer.json"));
  }
}

TEST_F(Distill, RouterBiasesStayAsTheyAre) {
  run("out");
  int biases = 0;
  model::load_hf_folder(root_ / "out", at::kFloat)->visit_parameters([&](const model::Parameter& p) {
    if (p.kind != model::Parameter::Kind::RouterBias) return;
    ++biases;
    EXPECT_EQ(p.tensor->ne(0.125).sum().item<std::int64_t>(), 0);
  });
  EXPECT_GT(biases, 0);
}

TEST_F(Distill, NothingToLearnFromOneself) {
  inputs_.teacher = inputs_.init_from;
  config_.steps = 1;
  EXPECT_LT(std::abs(run("out").final_loss), 1e-6);
  EXPECT_LT(metric(1, "grad_norm"), 1e-4);
}

TEST_F(Distill, CountsFollowByHand) {
  config_.steps = 5;
  config_.sequences_per_step = 4;  // 20 draws: every sequence twice
  double tokens = 0.0;
  for (const DistillSequence& s : inputs_.sequences)
    tokens += 2.0 * static_cast<double>(s.prompt.size() + s.completion.size() - 1);
  const double student =
      static_cast<double>(model::load_hf_folder(inputs_.init_from, at::kFloat)->num_active_parameters());
  const double teacher =
      static_cast<double>(model::load_hf_folder(inputs_.teacher, at::kFloat)->num_active_parameters());
  const DistillResult result = run("out");
  EXPECT_EQ(static_cast<double>(result.tokens), tokens);
  EXPECT_EQ(metric(5, "num_tokens"), tokens);
  EXPECT_DOUBLE_EQ(result.flops, 6.0 * student * tokens + 2.0 * teacher * tokens);
}

TEST_F(Distill, OnPolicyStepsLearnFromTheStudentsOwnText) {
  config_.steps = 40;
  config_.on_policy_share = 1.0;
  config_.divergence = "reverse";
  const DistillResult result = run("out");
  double lengths = 0.0;
  for (std::int64_t step = 1; step <= 40; ++step) {
    EXPECT_EQ(metric(step, "on_policy"), 1.0);
    EXPECT_LE(metric(step, "completions/max_length"), 6.0);
    lengths += 6.0 * metric(step, "completions/mean_length");
  }
  EXPECT_NEAR(static_cast<double>(result.sampled_tokens), lengths, 1e-6);
  EXPECT_LT(metric(40, "loss"), 0.85 * metric(1, "loss"));  // 0.75; every step's text is new, none is learnt by heart
  config_.on_policy_share = 0.5;
  run("half");
  double share = 0.0;
  for (std::int64_t step = 1; step <= 40; ++step) share += metric(step, "on_policy") / 40.0;
  EXPECT_NEAR(share, 0.5, 0.2);
}

TEST_F(Distill, CutShortAndResumedWritesTheSameBytes) {
  config_.on_policy_share = 0.5;
  config_.divergence = "jsd";
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    recorder_.records.clear();
    const DistillResult whole = run("whole");
    const auto records = recorder_.records;
    EXPECT_GT(whole.sampled_tokens, 0);
    recorder_.records.clear();
    recorder_.crash_at = 8;
    EXPECT_THROW(run("cut"), std::runtime_error);
    EXPECT_FALSE(fs::exists(root_ / "cut"));
    const DistillResult cut = run("cut");
    EXPECT_EQ(cut.resumed_from, 6);
    EXPECT_EQ(recorder_.records, records);
    EXPECT_TRUE(weights("cut") == weights("whole"));
    EXPECT_EQ(cut.tokens, whole.tokens);
    EXPECT_EQ(cut.sampled_tokens, whole.sampled_tokens);
    EXPECT_EQ(cut.flops, whole.flops);
    fs::remove_all(root_ / "cut");
  }
}

TEST_F(Distill, MicroBatchesLeaveTheUpdateAsItIs) {
  config_.steps = 1;
  run("cut");
  const double loss = metric(1, "loss"), norm = metric(1, "grad_norm");
  config_.micro_batch_tokens = 10000;
  run("whole");
  EXPECT_NEAR(metric(1, "loss"), loss, 1e-6 * loss);
  EXPECT_NEAR(metric(1, "grad_norm"), norm, 1e-5 * norm);
}

TEST_F(Distill, RefusesAnotherVocabulary) {
  make_model("teacher", 48, {.seed = 2, .range = 0.25, .text = "xyz xyz xyw"});  // as many tokens, others
  try {
    run("out");
    FAIL() << "another tokenizer went through";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("token "), std::string::npos) << e.what();
  }
  // the same tokens in a file written another way
  core::write_file_atomic(root_ / "teacher/tokenizer.json", core::read_file(root_ / "student/tokenizer.json") + "\n");
  config_.steps = 1;
  EXPECT_NO_THROW(run("out"));
}

TEST_F(Distill, RefusesBadSettingsAndSequences) {
  config_.on_policy_share = 1.5;
  EXPECT_THROW(run("out"), UserError);
  config_.on_policy_share = 0.0;
  config_.divergence = "kl";
  EXPECT_THROW(run("out"), UserError);
  config_.divergence = "forward";
  for (const DistillSequence& bad :
       std::vector<DistillSequence>{{{}, {1}}, {{1}, {}}, {{1}, {300}}, {{1}, std::vector<std::int32_t>(64, 1)}}) {
    inputs_.sequences.back() = bad;
    EXPECT_THROW(run("out"), UserError);
  }
  inputs_.sequences.clear();
  EXPECT_THROW(run("out"), UserError);
}

TEST_F(Distill, NanStopsWithOneLineThatNamesTheStep) {
  config_.optimizer.learning_rate = 1e30;
  try {
    run("out");
    FAIL() << "a learning rate of 1e30 went through";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("at step"), std::string::npos) << e.what();
  }
  EXPECT_FALSE(fs::exists(root_ / "out"));
}

}  // namespace
}  // namespace r1::rl
