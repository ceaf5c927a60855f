// Distributions of rows of logits (logprob.h).
#include "r1/tensor/ops/logprob.h"

#include "r1/tensor/device.h"

namespace r1::tensor {

at::Tensor row_probabilities(const at::Tensor& logits, double temperature) {
  at::Tensor out = empty_f32_on(logits, logits.sizes());
  kernels_on(logits).logprob({.rows = logits.size(0),
                              .vocab = logits.size(1),
                              .logits = logits.const_data_ptr<float>(),
                              .stride = logits.stride(0),
                              .temperature = static_cast<float>(temperature),
                              .probabilities = out.mutable_data_ptr<float>()});
  return out;
}

at::Tensor row_logprobs(const at::Tensor& logits, const at::Tensor& targets, double temperature) {
  at::Tensor out = empty_f32_on(logits, {logits.size(0)});
  kernels_on(logits).logprob({.rows = logits.size(0),
                              .vocab = logits.size(1),
                              .logits = logits.const_data_ptr<float>(),
                              .stride = logits.stride(0),
                              .targets = targets.const_data_ptr<std::int64_t>(),
                              .temperature = static_cast<float>(temperature),
                              .logp = out.mutable_data_ptr<float>()});
  return out;
}

}  // namespace r1::tensor
