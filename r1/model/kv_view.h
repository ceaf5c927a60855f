// KvView: where one forward's tokens put their keys and values and which rows they read. The rollout engine fills it
// from its cache; training passes none and attends to the forward's own rows.
#pragma once

#include <vector>

#include "r1/tensor/torch.h"

namespace r1::model {

struct KvView {
  bool absorbed = false;  // false: expanded heads; true: one latent [kv_lora_rank + rope] a token (fast numerics)
  std::vector<at::Tensor> k;  // a layer: key panels [rows / 32, H, nope + rope, 32] (on a GPU rows,
                              // tensor/ops/attention.h), or, when absorbed, [rows, 1, kv_lora_rank + rope]
  std::vector<at::Tensor> v;  // a layer: [rows, H, v]; unused when absorbed (values are the latent's first part)
  at::Tensor write_rows;  // [T] int64: the cache row of each token of this forward
};

}  // namespace r1::model
