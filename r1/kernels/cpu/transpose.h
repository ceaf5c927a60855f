// Transposition of float32 rows to panels whose lanes are rows. Included by the per-instruction-set sources of this
// folder only.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace r1::kernels::R1_ISA {

/// An 8 x 8 block of float32, transposed.
static inline void transpose8(const float* in, std::int64_t stride, float* out, std::int64_t out_stride) {
  __m256 r[8], t[8];
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + i * stride);
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

/// 32 rows of `width` values, `stride` apart, to a panel [width][32].
inline constexpr std::int64_t kPanelRows = 32;
static inline void transpose_panel(const float* in, std::int64_t stride, std::int64_t width, float* out) {
  std::int64_t d = 0;
  for (; d + 8 <= width; d += 8)
    for (std::int64_t j = 0; j < kPanelRows; j += 8)
      transpose8(in + j * stride + d, stride, out + d * kPanelRows + j, kPanelRows);
  for (; d < width; ++d)
    for (std::int64_t j = 0; j < kPanelRows; ++j) out[d * kPanelRows + j] = in[j * stride + d];
}

}  // namespace r1::kernels::R1_ISA
