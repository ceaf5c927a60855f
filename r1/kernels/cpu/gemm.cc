// Blocked product over packed panels of B (gemm.h): a block of rows of A meets one panel after the other, tile by tile
// (tile.h). A is read in place where its rows are contiguous; else the block is copied tile by tile first. bf16 is
// converted to float32.
#include "r1/kernels/gemm.h"

#include <algorithm>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/cpu/tile.h"
#include "r1/kernels/cpu/transpose.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kColumns = 32;  // one panel, in every build: packed buffers have one layout
constexpr std::int64_t kBlockK = 256;
constexpr std::int64_t kBlockM = 96;  // rows of A that stay in the cache while the panels pass; a multiple of a tile's

struct Problem {
  std::int64_t n, k;
  const float* a;
  std::int64_t stride_m, stride_k;
  const float* packed_b;
  float* c;
  std::int64_t ldc;
  bool accumulate;
};

/// Tiles of A, each [k][kTileRows].
const float* pack_a(const Problem& g, std::int64_t m0, std::int64_t m1, std::int64_t k0, std::int64_t kb) {
  thread_local std::vector<float> packed(static_cast<std::size_t>(kBlockM * kBlockK));
  float* out = packed.data();
  for (std::int64_t m = m0; m < m1; m += kTileRows) {
    const std::int64_t rows = std::min<std::int64_t>(kTileRows, m1 - m);
    const float* in = g.a + m * g.stride_m + k0 * g.stride_k;
    for (std::int64_t p = 0; p < kb; ++p, in += g.stride_k, out += kTileRows)
      for (std::int64_t r = 0; r < rows; ++r) out[r] = in[r * g.stride_m];
  }
  return packed.data();
}

/// Rows [m0, m1), at most kBlockM, and panels [p0, p1) of the product.
void row_block(const Problem& g, std::int64_t m0, std::int64_t m1, std::int64_t p0, std::int64_t p1) {
  for (std::int64_t k0 = 0; k0 < g.k; k0 += kBlockK) {
    const std::int64_t kb = std::min(kBlockK, g.k - k0);
    const bool in_place = g.stride_k == 1;
    const float* a = in_place ? g.a + m0 * g.stride_m + k0 : pack_a(g, m0, m1, k0, kb);
    const std::int64_t stride_m = in_place ? g.stride_m : 1, stride_k = in_place ? 1 : kTileRows;
    const std::int64_t tile_stride = in_place ? kTileRows * g.stride_m : kTileRows * kb;
    for (std::int64_t column = p0 * kColumns; column < std::min(g.n, p1 * kColumns); column += kTileColumns) {
      const float* b = g.packed_b + (column / kColumns * g.k + k0) * kColumns + column % kColumns;
      const float* a_tile = a;
      for (std::int64_t m = m0; m < m1; m += kTileRows, a_tile += tile_stride)
        tile_product(static_cast<int>(std::min<std::int64_t>(kTileRows, m1 - m)), Tile{.a = a_tile,
                                                                                       .stride_m = stride_m,
                                                                                       .stride_k = stride_k,
                                                                                       .b = b,
                                                                                       .ldb = kColumns,
                                                                                       .k = kb,
                                                                                       .c = g.c + m * g.ldc + column,
                                                                                       .ldc = g.ldc,
                                                                                       .columns = g.n - column,
                                                                                       .add = g.accumulate || k0 > 0});
    }
  }
}

void block(const Problem& g, std::int64_t m0, std::int64_t m1, std::int64_t p0, std::int64_t p1) {
  for (std::int64_t m = m0; m < m1; m += kBlockM) row_block(g, m, std::min(m1, m + kBlockM), p0, p1);
}

void run(const Problem& g, std::int64_t m) {
  const std::int64_t panels = (g.n + kColumns - 1) / kColumns;
  const std::int64_t tiles = (m + kTileRows - 1) / kTileRows;
  const std::int64_t work = m * g.n * g.k;
  if (work < 32768) return block(g, 0, m, 0, panels);
  if (tiles >= panels) {
    parallel_ranges(tiles, 1, [&](std::int64_t begin, std::int64_t end) {
      block(g, begin * kTileRows, std::min(m, end * kTileRows), 0, panels);
    });
  } else {
    parallel_ranges(panels, 1, [&](std::int64_t begin, std::int64_t end) { block(g, 0, m, begin, end); });
  }
}

template <class T>
void pack_panels(const PackArgs& args, std::int64_t begin, std::int64_t end) {
  const T* source = static_cast<const T*>(args.source);
  for (std::int64_t panel = begin; panel < end; ++panel) {
    const std::int64_t columns = std::min(kColumns, args.n - panel * kColumns);
    float* out = args.packed + panel * args.k * kColumns;
    const T* in = source + panel * kColumns * args.stride_n;
    if (args.stride_n == 1 && columns == kColumns) {
      for (std::int64_t p = 0; p < args.k; ++p)
        for (std::int64_t j = 0; j < kColumns; j += kLanes)
          store(out + p * kColumns + j, load(in + p * args.stride_k + j));
      continue;
    }
    if constexpr (sizeof(T) == sizeof(float)) {
      static_assert(kColumns == kPanelRows);
      if (args.stride_k == 1 && columns == kColumns) {
        transpose_panel(in, args.stride_n, args.k, out);
        continue;
      }
    }
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t p = 0; p < args.k; ++p)
        out[p * kColumns + j] = to_float(in[p * args.stride_k + j * args.stride_n]);
    for (std::int64_t j = columns; j < kColumns; ++j)
      for (std::int64_t p = 0; p < args.k; ++p) out[p * kColumns + j] = 0.0f;
  }
}

void to_f32(const bf16* in, float* out, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(out + i, load(in + i));
  for (; i < count; ++i) out[i] = to_float(in[i]);
}

}  // namespace

void pack(const PackArgs& args) {
  const std::int64_t panels = (args.n + kColumns - 1) / kColumns;
  const std::int64_t grain = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, args.k * kColumns));
  parallel_ranges(panels, grain, [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      pack_panels<float>(args, begin, end);
    else
      pack_panels<bf16>(args, begin, end);
  });
}

void gemm(const GemmArgs& args) {
  if (args.m == 0 || args.n == 0) return;
  std::vector<float> a_rows;
  const float* a = static_cast<const float*>(args.a);
  if (args.a_dtype == DType::BF16) {  // one contiguous span holds A whichever way it is strided
    const std::int64_t count = (args.m - 1) * args.stride_m + (args.k - 1) * args.stride_k + 1;
    a_rows.resize(static_cast<std::size_t>(count));
    to_f32(static_cast<const bf16*>(args.a), a_rows.data(), count);
    a = a_rows.data();
  }
  if (args.c_dtype == DType::F32) {
    run(Problem{args.n, args.k, a, args.stride_m, args.stride_k, args.packed_b, static_cast<float*>(args.c), args.ldc,
                args.accumulate},
        args.m);
    return;
  }
  std::vector<float> c(static_cast<std::size_t>(args.m * args.n));
  run(Problem{args.n, args.k, a, args.stride_m, args.stride_k, args.packed_b, c.data(), args.n, false}, args.m);
  for (std::int64_t i = 0; i < args.m; ++i) {
    bf16* out = static_cast<bf16*>(args.c) + i * args.ldc;
    for (std::int64_t j = 0; j < args.n; j += kLanes) {
      const std::int64_t left = args.n - j;
      store_some(out + j, load_some(c.data() + i * args.n + j, left), left);
    }
  }
}

}  // namespace r1::kernels::R1_ISA
