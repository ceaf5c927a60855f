// What attention's forward and backward passes share: rows and transposed panels as tiles can read them, scores of
// queries and keys, weighted sums of rows. Included by the attention sources of this folder only.
#pragma once

#include <algorithm>
#include <vector>

#include "r1/kernels/attention.h"
#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/cpu/tile.h"
#include "r1/kernels/cpu/transpose.h"

namespace r1::kernels::R1_ISA {

static_assert(kKeyPanel == kPanelRows);

static inline std::int64_t pad(std::int64_t count, std::int64_t to) { return (count + to - 1) / to * to; }

static inline float* grown(std::vector<float>& buffer, std::int64_t count) {
  if (buffer.size() < static_cast<std::size_t>(count)) buffer.resize(static_cast<std::size_t>(count));
  return buffer.data();
}

/// Rows of float32 that a tile can read as B: `width` values each, padded to whole tiles.
struct Rows {
  const float* data = nullptr;
  std::int64_t stride = 0;
};

template <class T>
static inline Rows copied_rows(const T* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                               std::vector<float>& buffer) {
  const std::int64_t padded = pad(width, kTileColumns);
  float* out = grown(buffer, count * padded);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = width - j;
      store_some(out + i * padded + j, load_some(in + i * stride + j, left), left);
    }
    std::fill(out + i * padded + width, out + (i + 1) * padded, 0.0f);
  }
  return {out, padded};
}

/// Rows as float32 panels [width][kKeyPanel], `stride` apart: a score's lanes are keys.
struct Panels {
  const float* data = nullptr;
  std::int64_t stride = 0;
  std::int64_t width = 0;
};

/// Rows, transposed; what is beyond `count` is 0.
template <class T>
static inline Panels transposed(const T* in, std::int64_t stride, std::int64_t count, std::int64_t width,
                                std::vector<float>& buffer) {
  float* out = grown(buffer, pad(count, kKeyPanel) * width);
  for (std::int64_t j0 = 0; j0 < count; j0 += kKeyPanel) {
    float* panel = out + j0 * width;
    const std::int64_t rows = std::min<std::int64_t>(kKeyPanel, count - j0);
    if constexpr (sizeof(T) == sizeof(float)) {
      if (rows == kKeyPanel) {
        transpose_panel(in + j0 * stride, stride, width, panel);
        continue;
      }
    }
    for (std::int64_t d = 0; d < width; ++d)
      for (std::int64_t j = 0; j < kKeyPanel; ++j)
        panel[d * kKeyPanel + j] = j < rows ? to_float(in[(j0 + j) * stride + d]) : 0.0f;
  }
  return {out, kKeyPanel * width, width};
}

/// One row times Count * kTileWidth columns that begin at b[0], b[1], ...: as many sums side by side as hide the
/// latency of a product; each is the same sum as a tile's.
template <int Count>
static inline void wide_row(const float* a, std::int64_t k, const float* const* b, std::int64_t ldb, float* c) {
  TileVector sums[Count];
  unrolled<Count>([&](auto v) __attribute__((always_inline)) { sums[v] = TileVector{}; });
  for (std::int64_t p = 0; p < k; ++p) {
    const TileVector x = broadcast(a + p);
    unrolled<Count>([&](auto v)
                        __attribute__((always_inline)) { sums[v] = fma(x, load_tile(b[v] + p * ldb), sums[v]); });
  }
  unrolled<Count>([&](auto v) __attribute__((always_inline)) { store_tile(c + v * kTileWidth, sums[v]); });
}

struct ScoreRows {
  float* data = nullptr;
  std::int64_t stride = 0;
};

/// scores[r][j] = a[r] . keys[j] for j < count (rounded up to whole tiles).
static inline void scores_of(int rows, Rows a, Panels keys, std::int64_t count, ScoreRows scores) {
  constexpr std::int64_t kWide = 8 * kTileWidth;
  std::int64_t j = 0;
  for (; rows == 1 && j + kWide / 2 < count; j += kWide) {
    const float* b[8];
    for (std::int64_t v = 0; v < 8; ++v) {
      const std::int64_t key = j + v * kTileWidth;  // beyond the last tile: any readable keys, their scores are dropped
      b[v] = key < pad(count, kTileColumns) ? keys.data + key / kKeyPanel * keys.stride + key % kKeyPanel : keys.data;
    }
    wide_row<8>(a.data, keys.width, b, kKeyPanel, scores.data + j);
  }
  for (; j < count; j += kTileColumns)
    tile_product(rows, Tile{.a = a.data,
                            .stride_m = a.stride,
                            .b = keys.data + j / kKeyPanel * keys.stride + j % kKeyPanel,
                            .ldb = kKeyPanel,
                            .k = keys.width,
                            .c = scores.data + j,
                            .ldc = scores.stride});
}

/// out[r][0..width) (+)= sum over j < k of weight(r, j) * b[j].
struct Weighted {
  const float* weights;
  std::int64_t stride_m, stride_k, k;
  Rows b;
  float* out;
  std::int64_t out_stride, width;
  bool add;
};
static inline void weighted_rows(int rows, const Weighted& w) {
  std::int64_t j = 0;
  for (; rows == 1 && !w.add && j + 2 * kTileColumns <= w.width; j += 2 * kTileColumns) {
    const float* b = w.b.data + j;
    const float* const columns[4] = {b, b + kTileWidth, b + 2 * kTileWidth, b + 3 * kTileWidth};
    wide_row<4>(w.weights, w.k, columns, w.b.stride, w.out + j);
  }
  for (; j < w.width; j += kTileColumns)
    tile_product(rows, Tile{.a = w.weights,
                            .stride_m = w.stride_m,
                            .stride_k = w.stride_k,
                            .b = w.b.data + j,
                            .ldb = w.b.stride,
                            .k = w.k,
                            .c = w.out + j,
                            .ldc = w.out_stride,
                            .columns = w.width - j,
                            .add = w.add});
}

}  // namespace r1::kernels::R1_ISA
