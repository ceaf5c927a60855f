// Numbered tensors of a checkpoint <-> one stacked tensor in memory: "model.layers.3.mlp.experts.{}.up_proj.weight" for
// {} = 0..n-1, each [a, b], is one [n, a, b]. The pattern is the caller's: this file knows no architecture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "r1/weights/safetensors.h"

namespace r1::weights {

/// `pattern` with its one "{}" replaced by `index`. r1::Error when there is not exactly one.
std::string numbered_name(std::string_view pattern, std::int64_t index);

/// Appends the `stacked.size(0)` slices of `stacked` (views) under their numbered names: to write them, or to fill them
/// from a checkpoint.
void append_unstacked(NamedTensors& out, std::string_view pattern, const at::Tensor& stacked);

}  // namespace r1::weights
