// R1-Zero's loop: sample groups, score them, turn rewards into advantages, take several mini-batch updates (GRPO,
// DeepSeekMath eq. 3, DeepSeek-R1 section 2.2). No torch type in this header. The loss itself is in rl/grpo_loss.h,
// advantages in rl/advantage.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/metric_sink.h"
#include "r1/data/problem.h"
#include "r1/reward/verdict.h"
#include "r1/rl/watch.h"
#include "r1/rollout/engine.h"
#include "r1/train/trainer.h"

namespace r1::rl {

struct GrpoConfig {
  std::int64_t steps = 50;               // rollout batches
  std::int64_t prompts_per_step = 16;
  std::int64_t group_size = 16;          // samples a prompt
  std::int64_t late_steps = 0;           // the last steps, in which late_share of the prompts are late problems
  double late_share = 0.5;
  std::int64_t mini_batches = 1;         // updates a rollout batch
  std::int64_t inner_epochs = 1;
  double clip_low = 0.2;                 // ratio clipped to [1 - clip_low, 1 + clip_high]
  double clip_high = 0.28;
  double delta = 0.0;                    // cap of the unclipped ratio (two-sided clipping); 0: none
  bool bias_correction_kl = false;       // KL times the ratio: unbiased
  double kl_coefficient = 0.0;           // k3 KL to the reference, in the loss; 0 loads no reference
  std::int64_t reference_every = 400;    // updates between refreshes of the reference
  std::int64_t kl_log_every =
      0;         // steps between measurements of the KL to the reference when kl_coefficient is 0; 0: never
  std::string ratio_level = "token";     // token | sequence
  std::string loss_normalizer = "token_global";  // seq_mean | token_global | constant | micro_batch
  double constant_length = 256;          // L of `constant` (Dr. GRPO)
  std::string advantage_std = "group";   // group | batch | none
  double advantage_eps = 1e-4;
  std::int64_t advantage_ddof = 1;       // 1: sample standard deviation (TRL), 0: population
  double entropy_coefficient = 0.0;
  std::int64_t micro_batch_tokens = 8192;  // tokens of one forward
  bool gradient_checkpointing = false;     // of updates, as train::TrainConfig's
  train::OptimizerConfig optimizer;
  rollout::SamplingConfig sampling;
  rollout::EngineConfig engine;
  std::string dtype = "f32";
  model::AdapterConfig adapter;        // lora: trained in place of the model's own weights
  std::vector<std::string> freeze;     // shell patterns of parameter names (model/freeze.h)
  bool shuffle_rewards = false;  // control: rewards are permuted over the whole batch, so they carry no signal
  std::int64_t watch_every = 0;        // steps between looks at what the reward does not see; 0: never
  double watch_tolerance = 0.05;       // fall of a watched figure that raises an alert while reward rises
  double max_flops = 0.0;              // stop when that much compute is spent (equal-compute controls); 0: no limit
  std::int64_t checkpoint_every = 10;  // steps
  std::int64_t log_every = 1;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, GrpoConfig& c);

struct GrpoInputs {
  std::string stage = "zero";
  std::filesystem::path init_from;  // Hugging Face folder with tokenizer.json
  std::filesystem::path adapter;    // a low-rank adapter of it to go on from; empty: none
  std::vector<data::Problem> problems;  // training prompts; drawn by Philox without replacement, epoch by epoch
  std::vector<data::Problem> late_problems;  // asked in the last late_steps only
  std::string prompt_template = "User: {prompt}\nAssistant: ";
  const reward::Scorer* scorer = nullptr;
  WatchFunction watch;           // asked every watch_every steps and after the last
  std::filesystem::path output;  // Hugging Face folder, or the adapter's
  std::filesystem::path state;  // r1_state/
  std::filesystem::path
      completions;  // folder: step-N.jsonl, all samples of every `checkpoint_every`-th step; empty: none
  core::MetricSink* metrics = nullptr;
  parallel::ProcessGroup* group = nullptr;  // processes that share the run (train/data_parallel.h); null: one
};

struct GrpoResult {
  std::int64_t steps = 0;
  std::int64_t updates = 0;
  std::int64_t sampled_tokens = 0;
  double sampling_logp_difference_max = 0.0;  // over all steps of the run (kept in the checkpoint)
  double final_reward = 0.0;
  double flops = 0.0;  // 2 N T of sampling, 6 N T of each update, 2 N T of each forward more (N active parameters)
  std::int64_t watch_alerts = 0;
  double seconds = 0.0;
  std::int64_t resumed_from = 0;
};

/// Runs to the end, resuming from `state`; the bytes written do not depend on where it was killed. UserError on a NaN
/// loss. Metrics (TRL's names): reward, reward_std, frac_reward_zero_std, rewards/accuracy/mean, rewards/format/mean,
/// completions/mean_length, completions/clipped_ratio, entropy, kl, clip_ratio/region_mean, grad_norm, loss,
/// sampling/sampling_logp_difference/{mean,max}, ... With a group every process calls it with the same arguments: each
/// samples, scores and trains on its share of a step; rank 0 alone writes and watches.
GrpoResult run_grpo(const GrpoConfig& config, const GrpoInputs& inputs);

}  // namespace r1::rl
