// Sample: one scored completion on its way into updates, and its packing into the trainer's flat batch. Token ids are
// those that were sampled: text is never tokenised again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "r1/model/forward_input.h"
#include "r1/reward/verdict.h"
#include "r1/rollout/engine.h"

namespace r1::rl {

struct Sample {
  const std::vector<std::int32_t>* prompt = nullptr;
  rollout::Completion completion;
  std::string text;              // completion without its end-of-sequence token
  std::string language;          // of the question
  reward::Verdict verdict;
  double advantage = 0.0;
  std::vector<float> old_logp;   // what the ratio is taken to
  std::vector<float> ref_logp;   // of the reference; empty without KL
};

/// A micro-batch: samples packed one after another, one row a token but the last.
struct SampleBatch {
  model::ForwardInput input;
  at::Tensor targets;     // [T] int64: the completion token that follows, -1 in the prompt
  at::Tensor rows;        // [N] int64: the rows that predict completion tokens, in order
  at::Tensor sequence;    // [N] int64: sample within the batch
  std::int64_t num_sequences = 0;
};

/// On the CPU, or moved to another device.
SampleBatch pack_samples(const std::vector<const Sample*>& samples, const at::Device& device = at::kCPU);

/// Cuts samples into runs of at most `max_tokens` tokens (a longer sample is a run of its own).
std::vector<std::vector<const Sample*>> split_by_tokens(const std::vector<const Sample*>& samples,
                                                        std::int64_t max_tokens);

}  // namespace r1::rl
