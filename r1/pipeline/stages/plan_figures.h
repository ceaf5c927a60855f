// Estimates of memory and compute for `r1 run --plan`. They decide nothing.
#pragma once

#include <string>

#include "r1/train/flops.h"

namespace r1::pipeline {

/// Bytes of weights alone.
inline double weight_bytes(const model::ModelSize& size, const std::string& dtype) {
  return size.parameters * (dtype == "bf16" ? 2.0 : 4.0);
}

/// Bytes that training with AdamW holds for a model: weights, gradients, two FP32 moments, FP32 masters where the
/// weights are bf16. Activations are not in it.
inline double training_bytes(const model::ModelSize& size, const std::string& dtype) {
  return size.parameters * (dtype == "bf16" ? 2.0 + 2.0 + 12.0 : 4.0 + 4.0 + 8.0);
}

}  // namespace r1::pipeline
