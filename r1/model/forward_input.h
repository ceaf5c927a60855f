// What one forward of a decoder takes: flat tokens of any mix of documents, prompts and decoding sequences.
#pragma once

#include <vector>

#include "r1/model/kv_view.h"
#include "r1/tensor/device.h"
#include "r1/tensor/ops/attention.h"
#include "r1/tensor/torch.h"

namespace r1::model {

struct ForwardInput {
  at::Tensor ids;            // [T] int64
  at::Tensor positions;      // [T] int32
  tensor::KeyRanges ranges;  // key rows each token sees: rows of this forward, or of the cache
  KvView* cache = nullptr;   // null in training
  bool gradient_checkpointing = false;  // layers keep their inputs alone and run again in the backward pass
};

/// The same input on another device.
inline ForwardInput on_device(ForwardInput input, const at::Device& device) {
  for (at::Tensor* t : {&input.ids, &input.positions, &input.ranges.begin, &input.ranges.end, &input.ranges.starts})
    if (t->defined()) *t = tensor::to_device(*t, device);
  return input;
}

/// What the balancing of experts needs to know of a forward (training only).
struct RoutingStats {
  std::int64_t sequence_length = 0;       // tokens of one sequence of the balance loss; 0 = not computed
  std::vector<at::Tensor> loads;          // a MoE layer: [E] int64 tokens sent to each expert
  std::vector<at::Tensor> balance_losses; // a MoE layer: scalar, mean over sequences of sum_i f_i P_i
};

}  // namespace r1::model
