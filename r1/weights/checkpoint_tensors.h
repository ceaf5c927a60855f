// Tensors of a checkpoint as a model wants them: in the model's type, whatever floating-point type the file has.
// Block-scaled FP8 (DeepSeek-V3's published checkpoints, README_WEIGHTS.md there): a tensor NAME of F8_E4M3 [out, in]
// has scales NAME_scale_inv [ceil(out / rows), ceil(in / columns)], and a weight is its element times its block's
// scale. Remembers what it was asked for, so that the rest of the file can be reported. It reads no configuration and
// writes no FP8.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "r1/weights/safetensors.h"

namespace r1::weights {

/// Elements that share a scale; 0: the checkpoint has no such tensors.
struct Fp8Blocks {
  std::int64_t rows = 0, columns = 0;
};

/// weight [out, in] F8_E4M3 times its blocks' scales, float32. `name` is for errors: UserError when the scales do not
/// have one number a block (the last block of a side may be smaller).
at::Tensor dequantize_fp8(const std::string& name, const at::Tensor& weight, const at::Tensor& scales,
                          const Fp8Blocks& blocks);

class CheckpointTensors {
 public:
  CheckpointTensors(const SafetensorsReader& reader, const Fp8Blocks& blocks) : reader_(reader), blocks_(blocks) {}

  /// Copies tensor `name` into `out`, converted to its type: FP8 is multiplied by its scales in float32 and rounded
  /// once. UserError, naming it, when it is missing, has another shape, is no floating-point tensor or lacks scales.
  void copy_to(const at::Tensor& out, const std::string& name);
  /// Names of the checkpoint that were not asked for, sorted.
  std::vector<std::string> unread() const;

 private:
  at::Tensor load(const std::string& name);

  const SafetensorsReader& reader_;
  Fp8Blocks blocks_;
  std::set<std::string> read_;
};

}  // namespace r1::weights
