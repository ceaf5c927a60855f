// Causal attention over ranges of key rows: packed documents in training, KV caches in decoding, one kernel.
#pragma once

#include "r1/tensor/torch.h"

namespace r1::tensor {

/// Which key rows each query sees: [begin, end), int64 [T].
struct KeyRanges {
  at::Tensor begin;
  at::Tensor end;
  // Packed documents, each causal over itself, for a GPU: what its fast attention and every gradient in bf16 need.
  at::Tensor starts{};       // [documents + 1] int32: where documents start, then T; undefined: not packed
  std::int64_t longest = 0;  // tokens of the longest document
  bool exact = true;         // false: the fastest attention of the device may run
};

/// Fills `starts` and `longest` of packed documents from their begins (on the CPU): row i starts one where begin[i] =
/// i.
void find_documents(KeyRanges& ranges);

/// q [T, H, dk]; k [rows, G, dk] and v [rows, G, dv], H a multiple of G (grouped queries; G = 1: one shared head) ->
/// [T, H, dv]. Gradients need packed training rows: rows == T and end[i] == i + 1.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyRanges& ranges,
                     double scale);

/// The same over a cache whose keys lie in panels (kernels/attention.h): k [rows / 32, G, dk, 32], contiguous; ranges
/// begin at multiples of 32. On a GPU the cache has rows, [rows, G, dk]. No gradients.
at::Tensor cached_attention(const at::Tensor& q, const at::Tensor& k_panels, const at::Tensor& v,
                            const KeyRanges& ranges, double scale);
/// k_panels(rows[t]) = x[t]; x [T, H, dk], rows int64 [T].
void write_key_panels(const at::Tensor& k_panels, const at::Tensor& rows, const at::Tensor& x);
/// `rows` rounded up to whole panels.
std::int64_t whole_key_panels(std::int64_t rows);
/// An empty cache of keys for `rows` rows (whole panels), like `options`.
at::Tensor empty_key_panels(std::int64_t rows, std::int64_t heads, std::int64_t dk, const at::TensorOptions& options);

}  // namespace r1::tensor
