// Log-probability and entropy of rows of logits over the full vocabulary, temperature-scaled. The sampler and the
// trainer call this one kernel, which is why their log-probabilities are equal to the last bit.
#pragma once

#include <cstdint>

namespace r1::kernels {

/// z = logits / temperature; logp[i] = z[i, target] - lse(z[i]); entropy[i] = -sum p log p.
struct LogprobArgs {
  std::int64_t rows = 0, vocab = 0;
  const float* logits = nullptr;            // [rows, vocab], row stride `stride`
  std::int64_t stride = 0;
  const std::int64_t* targets = nullptr;    // [rows]; negative: no target, logp 0
  float temperature = 1.0f;
  float* logp = nullptr;                    // [rows]; may be null
  float* entropy = nullptr;                 // [rows]; may be null
  float* lse = nullptr;                     // [rows]; may be null
  float* probabilities = nullptr;           // [rows, vocab] contiguous; may be null
};
void logprob(const LogprobArgs& args);

/// Replaces logits by their gradient, given those of logp and entropy.
struct LogprobBackwardArgs {
  std::int64_t rows = 0, vocab = 0;
  float* logits = nullptr;                // in: logits, out: gradient; row stride `stride`
  std::int64_t stride = 0;
  const std::int64_t* targets = nullptr;  // [rows]
  float temperature = 1.0f;
  const float* lse = nullptr;             // [rows] from the forward pass
  const float* entropy = nullptr;         // [rows]; needed with dentropy
  const float* dlogp = nullptr;           // [rows]
  const float* dentropy = nullptr;        // [rows] or null
};
void logprob_backward(const LogprobBackwardArgs& args);

}  // namespace r1::kernels
