// Language-model training: pre-training from scratch and SFT from a checkpoint are the same loop over packed token
// shards. No torch type in this header. Not here: reinforcement learning (rl/controller.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/metric_sink.h"
#include "r1/model/adapter_config.h"
#include "r1/model/families/deepseek_v3/config.h"
#include "r1/weights/token_ids.h"

namespace r1::parallel {
class ProcessGroup;
}

namespace r1::train {

/// AdamW and its schedule. Defaults are DeepSeek-V3's where it has one.
struct OptimizerConfig {
  double learning_rate = 2.2e-4;
  double min_learning_rate = 2.2e-5;  // end of the cosine
  std::int64_t warmup_steps = 0;      // linear from 0
  std::string schedule = "cosine";    // constant | cosine (after warm-up and `constant_share` of the steps)
  double constant_share = 0.0;        // share of the steps after warm-up at the full rate before the cosine starts
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;  // not on norms
  double max_grad_norm = 1.0;
  std::string moments = "f32";        // f32 | bf16, as DeepSeek-V3 keeps them (section 3.3.3); bf16 on a GPU only
};
void fields(core::FieldVisitor& v, OptimizerConfig& c);

/// Losses that keep a run near the model it starts from (train/forgetting.h). All weights 0: off, no cost.
struct ForgettingConfig {
  double kl_to_start = 0.0;       // weight of KL(start || model), mean over targets
  double ewc = 0.0;               // lambda of lambda / 2 sum F (theta - theta_0)^2
  std::int64_t ewc_batches = 16;  // batches of rows_per_step rows that F is taken from
};
void fields(core::FieldVisitor& v, ForgettingConfig& c);

struct TrainConfig {
  std::int64_t steps = 1000;
  std::int64_t rows_per_step = 16;        // rows of row_length tokens in one update
  std::int64_t row_length = 256;
  std::int64_t micro_batch_rows = 16;     // rows of one forward; the gradient does not depend on it beyond rounding
  bool gradient_checkpointing = false;    // layers keep their inputs alone and run again in the backward pass
  bool cuda_graph = false;  // record the passes of a micro-batch (train/step_graph.h): small dense models
  OptimizerConfig optimizer;
  std::string dtype = "f32";  // f32 | bf16 (FP32 master weights)
  std::string device = "cpu";  // cpu | cuda | auto
  std::string numerics = "fast";  // exact | fast: the attention on a GPU; the CPU's is exact always
  double mtp_weight = 0.3;  // lambda of the MTP loss, where the model has an MTP module
  double balance_loss_alpha = 1e-4;  // sequence-wise balance loss
  double bias_update_speed = 1e-3;  // gamma of the auxiliary-loss-free balancing
  ForgettingConfig forgetting;  // needs init_from when a weight is above 0
  model::AdapterConfig adapter;  // needs init_from when its type is not none
  std::vector<std::string> freeze;  // shell patterns of parameter names (model/freeze.h)
  std::int64_t checkpoint_every = 200;  // steps
  std::int64_t log_every = 10;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, TrainConfig& c);

struct TrainInputs {
  std::string stage = "pretrain";  // name in metrics and progress
  std::filesystem::path shard;  // data/token_shard.h; its loss mask, if it has one, is used (SFT)
  std::filesystem::path tokenizer_json;  // copied into a fresh model's folder; with init_from, its files are
  std::filesystem::path init_from;  // Hugging Face folder to start from; empty: fresh weights of `model`
  std::filesystem::path adapter;  // an adapter of init_from to go on from; empty: none
  std::filesystem::path ewc_shard;  // earlier data, for forgetting.ewc
  model::DeepseekV3Config model;  // used when init_from is empty
  weights::TokenIds ids;  // padding of batches; a fresh model's config.json
  std::filesystem::path output;  // Hugging Face folder, or the adapter's (model/adapter.h), written when all
                                 // steps are done
  std::filesystem::path state;  // r1_state/: checkpoints for resume; removed when done
  std::filesystem::path profile;  // Chrome trace of a few updates (train/profile.h); empty: none
  core::MetricSink* metrics = nullptr;
  parallel::ProcessGroup* group = nullptr;  // processes that share each update (data_parallel.h); null: one
};

struct TrainResult {
  std::int64_t steps = 0;
  std::int64_t tokens = 0;
  std::int64_t parameters = 0;
  std::int64_t trained_parameters = 0;
  std::int64_t active_parameters = 0;  // per token
  double final_loss = 0.0;  // of the last step
  double seconds = 0.0;  // of this process
  std::int64_t resumed_from = 0;  // step of the checkpoint it started from; 0: from the beginning
};

/// Updates that `epochs` passes over the shard take, 1 at least: rows are packed, so it depends on row_length.
std::int64_t steps_of_epochs(const TrainConfig& config, const std::filesystem::path& shard, double epochs);

/// Trains to the end, resuming from `state` if there is a checkpoint; the bytes written do not depend on where it was
/// killed. Throws UserError on a NaN loss, naming the step; the last good checkpoint stays. With a group every process
/// calls it with the same arguments (folders on a file system that all see); rank 0 alone writes.
TrainResult train(const TrainConfig& config, const TrainInputs& inputs);

}  // namespace r1::train
