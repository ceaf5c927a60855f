// Queries, keys and values of grouped-query attention from one product, biased and turned (rope.h): a GPU's form of
// three linear layers, three additions and two rotations.
#pragma once

#include <optional>
#include <vector>

#include "r1/tensor/ops/mla_rope.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

struct QkvWeights {
  std::vector<at::Tensor> weights;  // of q, k and v
  std::vector<at::Tensor> biases;   // the same, or empty: none
};

struct Qkv {
  at::Tensor q, k, v;  // [T, H, width], [T, G, width], [T, G, width]
};

/// x [T, D]; heads of `table`'s width. Nothing where this form does not apply: on the CPU, in float64, or for weights
/// that are not stacked (stacked.h).
std::optional<Qkv> qkv_rope(const at::Tensor& x, const QkvWeights& weights, const at::Tensor& positions,
                            const RopeTable& table);

}  // namespace r1::tensor
