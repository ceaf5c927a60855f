// Parameters by name: layers hand theirs to a visitor, in one fixed order. Names are Hugging Face's, but for stacked
// experts, whose per-expert names exist on disk only (checkpoint.h).
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "r1/tensor/ops/linear.h"
#include "r1/tensor/torch.h"

namespace r1::model {

struct Parameter {
  std::string name;
  at::Tensor* tensor = nullptr;
  std::vector<std::int64_t> sizes;
  enum class Kind {
    Matrix,
    Norm,
    Bias,
    RouterBias
  } kind = Kind::Matrix;  // norms start at 1, biases at 0, neither decays; the router's bias is not trained
  tensor::LinearWeight* linear = nullptr;  // whose weight it is, where that may have an adapter (adapter.h)
};

/// The weight [out, in] of a linear layer that may have an adapter.
inline Parameter adaptable(std::string name, tensor::LinearWeight& linear, std::int64_t out, std::int64_t in) {
  return {std::move(name), &linear.weight, {out, in}, Parameter::Kind::Matrix, &linear};
}

using ParameterVisitor = std::function<void(const Parameter&)>;

}  // namespace r1::model
