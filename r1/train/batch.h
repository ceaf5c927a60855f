// From packed rows of token ids to the tensors of one forward and its targets.
#pragma once

#include "r1/data/packing.h"
#include "r1/model/forward_input.h"

namespace r1::train {

struct Batch {
  model::ForwardInput input;
  at::Tensor targets;      // [T] int64: the next token, -1 where it does not count
  at::Tensor
      next_ids;  // [T] int64: the next token of the same document (MTP's input); the token itself at a document's end
  at::Tensor mtp_targets;  // [T] int64: the token after the next, -1 where there is none or it does not count
};

/// The same batch on another device.
Batch on_device(const Batch& batch, const at::Device& device);

/// Rows [first, first + count) of a packed batch, on the CPU.
Batch make_batch(const data::PackedBatch& packed, std::int64_t first, std::int64_t count);

}  // namespace r1::train
