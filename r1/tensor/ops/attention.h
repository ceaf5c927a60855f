// Causal attention over ranges of key rows: packed documents in training, KV caches in decoding, one kernel.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// Which key rows each query sees: [begin, end), int64 [T].
struct KeyRanges {
  at::Tensor begin;
  at::Tensor end;
};

/// q [T, H, dk]; k [rows, H, dk] and v [rows, H, dv] (H = 1: one shared head) -> [T, H, dv]. Gradients need packed
/// training rows: rows == T and end[i] == i + 1.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale);

}  // namespace r1::tensor
