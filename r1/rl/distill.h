// Soft distillation: a student learns a teacher's whole next-token distributions, on given completions or on its own
// samples (GKD, Agarwal et al. 2024, on-policy share lambda). No torch type in this header. The divergence is in
// train/distill_loss.h; hard distillation is SFT on the teacher's text (train/trainer.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "r1/core/config.h"
#include "r1/core/metric_sink.h"
#include "r1/rollout/engine.h"
#include "r1/train/trainer.h"

namespace r1::rl {

struct DistillConfig {
  std::string divergence = "forward";    // forward KL(T || S) | reverse KL(S || T) | jsd
  double jsd_beta = 0.5;                 // of jsd; 0 = forward, 1 = reverse (TRL's convention)
  double temperature = 1.0;              // both models' logits are divided by it
  double on_policy_share = 0.0;  // share of steps whose completions the student samples itself (GKD's lambda)
  std::int64_t steps = 100;  // optimizer updates
  std::int64_t sequences_per_step = 32;
  std::int64_t micro_batch_tokens = 8192;  // tokens of one forward; the gradient does not depend on it beyond rounding
  train::OptimizerConfig optimizer;
  rollout::SamplingConfig sampling;  // of the student's own completions
  rollout::EngineConfig engine;
  std::string dtype = "f32";  // f32 | bf16 (FP32 master weights); the teacher's too
  std::int64_t checkpoint_every = 50;  // steps
  std::int64_t log_every = 1;
  std::int64_t seed = 1;
};
void fields(core::FieldVisitor& v, DistillConfig& c);

struct DistillSequence {
  std::vector<std::int32_t> prompt;  // not empty
  std::vector<std::int32_t> completion;  // with its end of sequence; all of its tokens count
};

struct DistillInputs {
  std::string stage = "distill";
  std::filesystem::path teacher;  // Hugging Face folder
  std::filesystem::path init_from;  // the student's, with tokenizer.json
  std::vector<DistillSequence> sequences;  // drawn by Philox without replacement, epoch by epoch
  std::filesystem::path output;  // Hugging Face folder
  std::filesystem::path state;  // r1_state/: checkpoints for resume; removed when done
  core::MetricSink* metrics = nullptr;
};

/// Counts are of the whole run, parts before a resume included.
struct DistillResult {
  std::int64_t steps = 0;
  std::int64_t tokens = 0;  // through the student's training forward, prompts included
  std::int64_t sampled_tokens = 0;  // by the student
  double final_loss = 0.0;  // of the last step: nats a completion token
  double flops = 0.0;  // student 6 N T, teacher's forward 2 N T, student's sampling 2 N T (train/flops.h)
  double seconds = 0.0;  // of this process
  std::int64_t resumed_from = 0;
};

/// Runs to the end, resuming from `state`; the bytes written do not depend on where it was killed. The loss is the
/// divergence summed over the vocabulary, mean over the completion tokens of a step. Router biases and MTP modules stay
/// as they are. UserError when teacher and student do not share a vocabulary (config.json's vocab_size, then
/// tokenizer.json: equal bytes, or every id the same text), for a sequence that is empty, out of the vocabulary or too
/// long, and on a NaN loss. Metrics: loss, grad_norm, learning_rate, num_tokens, on_policy (0 | 1),
/// completions/{mean,min,max}_length and, of sampled ones, completions/clipped_ratio.
DistillResult distill(const DistillConfig& config, const DistillInputs& inputs);

}  // namespace r1::rl
