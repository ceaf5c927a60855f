// The scalar head of a reward model (DeepSeek-R1's reward models: "the architecture of DeepSeek-R1 with a reward
// head"): score = w . h, without bias, from the final norm's output. Its name on disk is Hugging Face's for sequence
// classification with one label. Which token it reads is the caller's matter.
#pragma once

#include <cstdint>

#include "r1/model/parameter.h"
#include "r1/tensor/ops/linear.h"

namespace r1::model {

class ValueHead {
 public:
  static constexpr const char* kName = "score.weight";

  /// Zero weights of `dtype`, trainable: for a loader.
  ValueHead(std::int64_t hidden_size, at::ScalarType dtype);
  /// Fresh weights, N(0, std) by Philox of `seed`, on a stream that no parameter of the decoder uses.
  ValueHead(std::int64_t hidden_size, at::ScalarType dtype, double std, std::uint64_t seed);

  /// normed [N, hidden] -> scores [N] float32, each a function of its row alone.
  at::Tensor forward(const at::Tensor& normed) const;
  /// Its one parameter, [1, hidden].
  Parameter parameter();

 private:
  tensor::LinearWeight score_;
};

}  // namespace r1::model
