// Training by several processes: the gradient is one process's to rounding, all end with the same bits, and a run cut
// short and resumed writes the same bytes.
#include "r1/train/data_parallel.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/core/rng.h"
#include "r1/data/loader.h"
#include "r1/data/token_shard.h"
#include "r1/model/checkpoint.h"
#include "r1/model/families/deepseek_v3/model.h"
#include "r1/train/trainer.h"
#include "r1/weights/safetensors.h"
#include "tests/support/processes.h"
#include "tests/support/recorder.h"

namespace r1::train {
namespace {

namespace fs = std::filesystem;
using parallel::ProcessGroup;
using parallel::World;
using ::testing::HasSubstr;

class DataParallel : public ::testing::Test {
 protected:
  DataParallel() {
    fs::remove_all(root_);
    fs::create_directories(root_);
    data::TokenShardWriter writer(40, 1);
    for (std::uint32_t i = 0; i < 200; ++i) {  // counting upwards from a random start, of many lengths
      core::Rng rng({.seed = 1, .prompt = i});
      std::vector<std::int32_t> ids;
      for (auto token = static_cast<std::int32_t>(3 + rng.below(20)), n = 0; n < 5 + token % 11; ++n)
        ids.push_back(token + n);
      writer.add(ids);
    }
    writer.write(root_ / "shard");
    core::write_file_atomic(root_ / "tokenizer.json", "{}");
    inputs_.shard = root_ / "shard";
    inputs_.tokenizer_json = root_ / "tokenizer.json";
    model::DeepseekV3Config& c = inputs_.model;
    c.vocab_size = 40;
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
    config_.steps = 12;
    config_.rows_per_step = 5;  // shares of 2 and 3 rows
    config_.row_length = 32;
    config_.micro_batch_rows = 2;
    config_.checkpoint_every = 5;
    config_.log_every = 1;
    config_.optimizer.learning_rate = 1e-2;
    config_.optimizer.warmup_steps = 3;
    config_.balance_loss_alpha = 0.01;
  }
  ~DataParallel() override { fs::remove_all(root_); }

  TrainResult run(const std::string& name, ProcessGroup* group = nullptr) {
    inputs_.output = root_ / name;
    inputs_.state = root_ / (name + "_state");
    inputs_.group = group;
    return train(config_, inputs_);
  }
  std::vector<test::Ended> run_two(const std::string& name, double timeout = 30) {
    return test::run_processes(2, timeout, [&](const World& world) {
      ProcessGroup group(world, false);
      inputs_.metrics = &recorder_;
      run(name, &group);
    });
  }
  std::string weights(const std::string& name) const { return core::read_file(root_ / name / "model.safetensors"); }

  fs::path root_ = fs::path(::testing::TempDir()) /
                   ("r1_data_parallel_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  TrainConfig config_;
  TrainInputs inputs_;
  test::Recorder recorder_;
};

/// Largest |a - b| / |a| over the tensors of two files, by L2 norms.
double distance(const fs::path& a, const fs::path& b) {
  const weights::SafetensorsReader left(a), right(b);
  EXPECT_EQ(left.names(), right.names());
  double worst = 0.0;
  for (const std::string& name : left.names()) {
    const at::Tensor x = left.load(name).to(at::kDouble), y = right.load(name).to(at::kDouble);
    const double norm = at::linalg_vector_norm(x).item<double>();
    worst = std::max(worst, at::linalg_vector_norm(x - y).item<double>() / std::max(norm, 1e-30));
  }
  return worst;
}

TEST_F(DataParallel, GradientsLossesAndLoadsAreOneProcesses) {
  test::expect_all_well(test::run_processes(1, 30, [&](const World&) {
    fs::create_directories(root_ / "start");
    model::DeepseekV3 start(inputs_.model, at::kFloat, 3);
    model::write_hf_files(start, {}, root_ / "start");
  }));
  for (const auto& [type, tolerance] : {std::pair{at::kDouble, 1e-12}, {at::kFloat, 1e-5}})
    test::expect_all_well(test::run_processes(3, 30, [&](const World& world) {
      ProcessGroup group(world, false);
      config_.balance_loss_alpha = type == at::kDouble ? 0.0 : 0.01;  // the balance loss knows float32 only
      const data::TokenShard shard(inputs_.shard);
      data::PackedLoader loader(shard, {.rows_per_batch = 5, .row_length = 32, .seed = 1}, 0);
      const data::PackedBatch packed = loader.next();
      const auto whole = model::load_hf_folder(root_ / "start", type),
                 shared = model::load_hf_folder(root_ / "start", type);
      const StepLosses expected = accumulate_gradients(*whole, packed, config_);
      const Peers peers(&group, "test", "");
      StepLosses got = accumulate_gradients(*shared, packed, config_, nullptr, peers.share(5, "rows"));
      EXPECT_NE(got.loss, expected.loss);
      sum_update(peers, *shared, got);
      EXPECT_NEAR(got.loss, expected.loss, tolerance * expected.loss);
      EXPECT_NEAR(got.mtp_loss, expected.mtp_loss, tolerance * expected.mtp_loss);
      EXPECT_NEAR(got.balance_loss, expected.balance_loss, tolerance * expected.balance_loss);
      ASSERT_EQ(got.loads.size(), expected.loads.size());
      for (std::size_t i = 0; i < got.loads.size(); ++i) EXPECT_TRUE(got.loads[i].equal(expected.loads[i]));
      const auto mine = shared->parameters(), theirs = whole->parameters();
      for (std::size_t i = 0; i < mine.size(); ++i) {
        if (!theirs[i].tensor->grad().defined()) continue;
        const double norm = at::linalg_vector_norm(theirs[i].tensor->grad()).item<double>();
        const double off = at::linalg_vector_norm(mine[i].tensor->grad() - theirs[i].tensor->grad()).item<double>();
        EXPECT_LE(off, tolerance * norm) << mine[i].name;
      }
    }));
}

TEST_F(DataParallel, TwoProcessesTrainAsOneAndEndWithTheSameBits) {
  test::expect_all_well(test::run_processes(1, 30, [&](const World&) { run("one"); }));
  test::expect_all_well(test::run_processes(2, 30, [&](const World& world) {
    ProcessGroup group(world, false);
    inputs_.metrics = &recorder_;
    const TrainResult result = run("two", &group);
    EXPECT_EQ(recorder_.records.size(), world.rank == 0 ? 12U : 0U);
    const auto all = group.all_gather(fmt::format("{:a} {}", result.final_loss, result.tokens), "results");
    EXPECT_EQ(all[0], all[1]);
  }));
  EXPECT_LT(distance(root_ / "one" / "model.safetensors", root_ / "two" / "model.safetensors"), 1e-5);
  EXPECT_FALSE(fs::exists(root_ / "two_state"));
}

TEST_F(DataParallel, CutShortAndResumedWritesTheSameBytes) {
  test::expect_all_well(run_two("whole"));
  recorder_.crash_at = 8;
  const std::vector<test::Ended> cut = run_two("cut", 60);
  EXPECT_THAT(cut[0].error, HasSubstr("planted crash"));
  EXPECT_THAT(cut[1].error, HasSubstr("rank 0 ended or did not come"));
  EXPECT_FALSE(fs::exists(root_ / "cut"));
  EXPECT_TRUE(fs::exists(root_ / "cut_state" / "step-5"));
  recorder_.crash_at = -1;
  test::expect_all_well(run_two("cut"));
  EXPECT_TRUE(weights("cut") == weights("whole"));
}

TEST_F(DataParallel, ProcessesThatDifferSayWhat) {
  const std::vector<test::Ended> ended = test::run_processes(2, 30, [&](const World& world) {
    ProcessGroup group(world, false);
    if (world.rank == 1) config_.optimizer.beta2 = 0.99;
    run("out", &group);
  });
  for (const test::Ended& one : ended)
    EXPECT_THAT(one.error, HasSubstr("rank 1 and rank 0 do not do the same: step 0"));
  config_.rows_per_step = 1;
  for (const test::Ended& one : run_two("out"))
    EXPECT_THAT(one.error, HasSubstr("rows_per_step 1 can't be shared by 2"));
}

}  // namespace
}  // namespace r1::train
