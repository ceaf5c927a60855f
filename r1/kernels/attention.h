// Causal attention over ranges of key rows: one op with one reduction order over keys for prefill, decode and training,
// packed documents and KV caches alike. Query i of head h sees key rows [key_begin[i], key_end[i]) of a tensor of rows.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

/// Keys of a cache lie transposed, so that decoding reads them as they are: panels of this many rows,
/// [row / 32, kv_heads, dk, row % 32]. Ranges of keys then begin at a panel's first row.
inline constexpr std::int64_t kKeyPanel = 32;

/// q [T, H, dk]; k rows of stride k_row with kv_heads heads k_head apart (query head h reads head h / (H / kv_heads):
/// grouped queries; one head: the absorbed form); v the same; out [T, H, dv].
struct AttentionArgs {
  std::int64_t tokens = 0, heads = 0, kv_heads = 0, dk = 0, dv = 0;
  const void* q = nullptr;
  const void* k = nullptr;
  std::int64_t k_row = 0, k_head = 0;  // in elements; unused with k_panels
  bool k_panels = false;
  const void* v = nullptr;
  std::int64_t v_row = 0, v_head = 0;
  const std::int64_t* key_begin = nullptr;  // [T]
  const std::int64_t* key_end = nullptr;  // [T], > key_begin
  float scale = 1.0f;
  void* out = nullptr;
  float* lse = nullptr;  // [T, H] log-sum-exp of the scaled scores, for the backward pass; may be null
  DType dtype = DType::F32;
};
void attention(const AttentionArgs& args);

/// panels(rows[t]) = x[t] for x [T, H, dk], contiguous.
struct WriteKeyPanelsArgs {
  std::int64_t tokens = 0, heads = 0, dk = 0;
  const void* x = nullptr;
  const std::int64_t* rows = nullptr;
  void* panels = nullptr;
  DType dtype = DType::F32;
};
void write_key_panels(const WriteKeyPanelsArgs& args);

/// Gradients for packed training rows: k [T, kv_heads, dk], v [T, kv_heads, dv], contiguous; key_end[i] == i + 1, and
/// tokens that share key_begin are one document. Documents are independent, so (document, key head) pairs run in
/// parallel with a fixed order inside.
struct AttentionBackwardArgs {
  std::int64_t tokens = 0, heads = 0, kv_heads = 0, dk = 0, dv = 0;
  const void* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  const void* out = nullptr;
  const void* dout = nullptr;
  const float* lse = nullptr;
  const std::int64_t* key_begin = nullptr;
  float scale = 1.0f;
  void* dq = nullptr;
  void* dk_out = nullptr;
  void* dv_out = nullptr;
  DType dtype = DType::F32;
};
void attention_backward(const AttentionBackwardArgs& args);

}  // namespace r1::kernels
