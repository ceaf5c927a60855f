// Training of adapters and of a part of a model: what is written, what stays as it was, that a run cut short writes the
// same bytes, and what a checkpoint holds.
#include <gmock/gmock.h>

#include <set>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/data/token_shard.h"
#include "r1/model/adapter.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/tokenizer/bpe_trainer.h"
#include "r1/train/checkpoint.h"
#include "r1/train/trainer.h"
#include "tests/support/recorder.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::int32_t kVocab = 261;

class AdapterTraining : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ("r1_adapter_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "base");
    model::DeepseekV3Config c;
    c.vocab_size = kVocab;
    c.hidden_size = 32;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 2;
    c.q_lora_rank = 16;
    c.kv_lora_rank = 16;
    c.intermediate_size = 48;
    c.moe_intermediate_size = 16;
    c.n_routed_experts = 4;
    c.num_nextn_predict_layers = 1;
    c.initializer_range = 0.05;
    model::DeepseekV3 base(c, at::kFloat, 5);
    base.visit_parameters([](const model::Parameter& p) {  // a frozen head of small numbers could say nothing clearly
      const at::NoGradGuard no_grad;
      if (p.name == "lm_head.weight") p.tensor->mul_(8.0);
    });
    model::write_hf_files(base, {}, root_ / "base");
    core::write_file_atomic(root_ / "base/tokenizer.json",
                            tokenizer::train_bpe({"abc abc abd"}, {.vocab_size = kVocab}).to_json());
    write_shard("shard", {});
    inputs_.stage = "sft";
    inputs_.shard = root_ / "shard";
    inputs_.init_from = root_ / "base";
    inputs_.metrics = &recorder_;
    config_.steps = 30;
    config_.rows_per_step = 4;
    config_.row_length = 32;
    config_.micro_batch_rows = 3;
    config_.checkpoint_every = 9;
    config_.log_every = 5;
    config_.optimizer.learning_rate = 2e-2;
    config_.optimizer.warmup_steps = 5;
    config_.adapter.type = "lora";
    config_.adapter.r = 8;
    config_.adapter.lora_alpha = 32;
  }
  void TearDown() override { fs::remove_all(root_); }

  /// Counting upwards from a random start, `prefix` in front.
  void write_shard(const std::string& name, const std::vector<std::int32_t>& prefix) {
    data::TokenShardWriter writer(prefix.empty() ? kVocab : prefix.back() + 1, std::nullopt);
    for (std::uint32_t i = 0; i < 200; ++i) {
      core::Rng rng({.seed = 1, .prompt = i});
      std::vector<std::int32_t> ids = prefix;
      for (auto token = static_cast<std::int32_t>(3 + rng.below(20)), n = 0; n < 12; ++n) ids.push_back(token + n);
      std::vector<std::uint8_t> targets(ids.size(), 1);
      std::fill_n(targets.begin(), prefix.size(), 0);
      writer.add(ids, targets);
    }
    writer.write(root_ / name);
  }
  TrainResult run(const std::string& name) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    return train(config_, inputs_);
  }
  std::string refusal() {
    try {
      run("refused");
    } catch (const UserError& e) {
      return e.what();
    }
    return "";
  }
  std::string bytes(const std::string& name) const {
    return core::read_file(root_ / name / model::kAdapterTensorsFile);
  }
  double first_loss() const { return recorder_.records.at(5).front().second; }
  std::set<std::string> files(const std::string& name) const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(root_ / name)) out.insert(entry.path().filename().string());
    return out;
  }
  /// A run cut short in step 25 and resumed.
  void expect_same_bytes_when_cut(const std::string& file) {
    run("whole");
    const auto whole = recorder_.records;
    recorder_.records.clear();
    recorder_.crash_at = 25;
    EXPECT_THROW(run("cut"), std::runtime_error);
    EXPECT_FALSE(fs::exists(root_ / "cut"));
    EXPECT_EQ(run("cut").resumed_from, 18);
    EXPECT_EQ(recorder_.records, whole);
    EXPECT_TRUE(core::read_file(root_ / "cut" / file) == core::read_file(root_ / "whole" / file));
  }

  fs::path root_;
  TrainConfig config_;
  TrainInputs inputs_;
  test::Recorder recorder_;
};

TEST_F(AdapterTraining, LossFallsAndTheAdapterAloneIsWritten) {
  for (const char* dtype : {"f32", "bf16"}) {
    config_.dtype = dtype;
    const TrainResult result = run(dtype);
    EXPECT_LT(result.final_loss, first_loss() - 1.0) << dtype;
    EXPECT_LT(result.trained_parameters, result.parameters / 2);
    EXPECT_EQ(files(dtype), (std::set<std::string>{model::kAdapterConfigFile, model::kAdapterTensorsFile}));
    EXPECT_EQ(model::read_peft_config(root_ / dtype).base_model, (root_ / "base").string());
  }
}

TEST_F(AdapterTraining, CutShortAndResumedWritesTheSameBytes) {
  expect_same_bytes_when_cut(model::kAdapterTensorsFile);
}

TEST_F(AdapterTraining, CheckpointHoldsNothingThatIsFrozen) {
  recorder_.crash_at = 10;
  EXPECT_THROW(run("cut"), std::runtime_error);
  const std::optional<Checkpoint> checkpoint = newest_checkpoint(root_ / "cut_state");
  ASSERT_TRUE(checkpoint.has_value());
  int adapters = 0;
  for (const std::string& name : read_checkpoint_tensors(*checkpoint).names()) {
    if (name.ends_with("e_score_correction_bias")) continue;
    EXPECT_THAT(name, HasSubstr(".lora_"));
    ++adapters;
  }
  EXPECT_EQ(adapters,
            3 * 2 * (2 * 5 + 2 * 3));  // value and moments of A and B: 5 of attention, 3 of feed-forward a layer
}

TEST_F(AdapterTraining, GoesOnFromAnAdapter) {
  const double reached = run("first").final_loss;
  recorder_.records.clear();
  config_.adapter = {};
  config_.steps = 5;
  config_.optimizer.learning_rate = 1e-4;
  inputs_.adapter = root_ / "first";
  EXPECT_LT(run("second").final_loss, reached + 0.3);
  EXPECT_FALSE(bytes("first") == bytes("second"));
  config_.adapter.type = "lora";
  EXPECT_THAT(refusal(), HasSubstr("leave the type out"));
}

TEST_F(AdapterTraining, MergedOutputIsTheModelWithItsAdapter) {
  run("adapter");
  config_.adapter.merge = true;
  run("merged");
  EXPECT_TRUE(fs::exists(root_ / "merged/tokenizer.json"));
  const auto with = model::load_with_adapter(root_ / "base", root_ / "adapter", at::kFloat);
  const auto whole = model::load_hf_folder(root_ / "merged", at::kFloat);
  model::merge_adapter(*with);
  const weights::NamedTensors a = model::hf_tensors(*with), b = model::hf_tensors(*whole);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].second.equal(b[i].second)) << a[i].first;
}

TEST_F(AdapterTraining, VirtualTokensLearn) {
  config_.adapter = {};
  config_.adapter.type = "prompt_tuning";
  config_.adapter.num_virtual_tokens = 4;
  EXPECT_THAT(refusal(), HasSubstr("no virtual tokens in front"));
  write_shard("with_virtual", model::virtual_token_ids(config_.adapter, root_ / "base"));
  inputs_.shard = root_ / "with_virtual";
  config_.optimizer.learning_rate = 0.1;
  expect_same_bytes_when_cut(model::kAdapterTensorsFile);
  EXPECT_LT(recorder_.records.at(30).front().second, first_loss() - 0.1);
  const weights::SafetensorsReader written(root_ / "whole" / model::kAdapterTensorsFile);
  EXPECT_EQ(written.names(), std::vector<std::string>{"prompt_embeddings"});
  EXPECT_EQ(written.info("prompt_embeddings").shape, (std::vector<std::int64_t>{4, 32}));

  config_.adapter.prompt_tuning_init_text = "abc";  // one row a token, then from the first again
  config_.optimizer.learning_rate = config_.optimizer.min_learning_rate = 0.0;
  run("text");
  const at::Tensor rows =
      weights::SafetensorsReader(root_ / "text" / model::kAdapterTensorsFile).load("prompt_embeddings");
  const at::Tensor table = weights::SafetensorsReader(root_ / "base").load("model.embed_tokens.weight");
  const std::vector<std::int32_t> ids = tokenizer::Tokenizer::load(root_ / "base/tokenizer.json").encode("abc");
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_TRUE(rows.select(0, i).equal(table.select(0, ids[static_cast<std::size_t>(i) % ids.size()])));
}

TEST_F(AdapterTraining, FrozenParametersStayAsTheyWere) {
  config_.adapter = {};
  config_.freeze = {"model.embed_tokens.*", "model.layers.1.mlp.*"};
  expect_same_bytes_when_cut("model.safetensors");
  const weights::SafetensorsReader before(root_ / "base"), after(root_ / "whole");
  for (const std::string& name : before.names()) {
    const bool frozen = name == "model.embed_tokens.weight" || name.starts_with("model.layers.1.mlp.");
    EXPECT_EQ(before.load(name).equal(after.load(name)), frozen) << name;
  }
}

TEST_F(AdapterTraining, WhatCanNotBeIsOneLine) {
  config_.forgetting.ewc = 1.0;
  inputs_.ewc_shard = inputs_.shard;
  EXPECT_THAT(refusal(), HasSubstr("sft: forgetting.ewc is about the model's own weights"));
  config_.forgetting.ewc = 0.0;
  config_.freeze = {"model.embed.*"};
  EXPECT_THAT(refusal(), HasSubstr("sft.freeze: 'model.embed.*' matches no parameter"));
  config_.freeze = {"*"};
  EXPECT_THAT(refusal(), HasSubstr("sft.freeze: nothing is left to train"));
  config_.freeze.clear();
  inputs_.init_from.clear();
  EXPECT_THAT(refusal(), HasSubstr("sft.adapter.type lora: an adapter needs a model to start from"));
}

}  // namespace
}  // namespace r1::train
