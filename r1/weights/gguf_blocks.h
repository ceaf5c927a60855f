// Quantised GGUF tensors: blocks of packed integers with half-precision scales <-> float32. Q4_0 Q4_1 Q5_0 Q5_1 Q8_0
// (32 elements a block) and Q4_K Q5_K Q6_K (256, scales quantised again) are read, Q8_0 and Q4_0 written. Float
// operations happen one at a time in the order of the format's reference code (Python package `gguf`, quants.py), so
// that results have the same bits; these sources are compiled without fused multiply-add. Plain types (F32, F16, ...)
// are libtorch's to convert.
#pragma once

#include <cstdint>

#include "r1/weights/gguf_type.h"

namespace r1::weights {

bool can_dequantize_gguf(GgufType type);

/// `num_blocks` blocks -> num_blocks * block_elements floats. r1::Error for a type that can't be dequantised.
void dequantize_gguf(GgufType type, const std::uint8_t* blocks, std::int64_t num_blocks, float* out);

bool can_quantize_gguf(GgufType type);

/// num_blocks * block_elements floats -> blocks, rounded to the nearest step of each block's scale. False when a block
/// has no scale: it holds an infinity, a NaN or a number too large for the scale, a half. r1::Error for a type that
/// can't be quantised.
bool quantize_gguf(GgufType type, const float* values, std::int64_t num_blocks, std::uint8_t* out);

}  // namespace r1::weights
