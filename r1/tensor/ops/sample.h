// Sampling on a GPU from rows of logits, without copying them to the host. The CPU samples from probabilities by
// rollout/sampler.h, which also knows top-k, top-p and min-p.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// On the GPU of the logits.
struct SampleInputs {
  at::Tensor uniform;  // [rows] float32 in [0, 1): the random numbers
  at::Tensor banned;   // [n] int64: ids without mass in the rows that ban them
  at::Tensor bans;     // [rows] uint8: 1 = bans them
};
struct SampledRows {
  at::Tensor token;          // [rows] int64
  at::Tensor log_kept_mass;  // [rows] float32: log of the mass that the banned ids left
};

/// logits [rows, vocab] float32 on a GPU, contiguous. Temperature 0: greedy, the lowest id among the best.
SampledRows sample_rows(const at::Tensor& logits, double temperature, const SampleInputs& inputs);

}  // namespace r1::tensor
