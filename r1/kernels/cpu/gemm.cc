// Register-blocked product over packed panels of B (gemm.h). MR x NR accumulators stay in registers for a block of KC
// products; A is read in place by strides (bf16 and badly strided A are converted to float32 rows first).
#include "r1/kernels/gemm.h"

#include <immintrin.h>

#include <algorithm>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

#ifdef __AVX512F__
typedef float V __attribute__((vector_size(64)));
constexpr int kRows = 12;
#else
typedef float V __attribute__((vector_size(32)));
constexpr int kRows = 4;
#endif
constexpr std::int64_t kColumns = 32;  // one panel, in every build: packed buffers have one layout
constexpr int kWidth = sizeof(V) / sizeof(float);
#ifdef __AVX512F__
constexpr int kVectors = kColumns / kWidth;  // all 32 columns at once
#else
constexpr int kVectors = 2;  // 16 columns at once: 8 accumulators + operands in 16 registers
#endif
constexpr std::int64_t kBlockK = 256;

/// All lanes from one element, by a load: the port that shuffles is one of the two that multiply.
inline V broadcast(const float* x) {
#ifdef __AVX512F__
  return _mm512_set1_ps(*x);
#else
  return _mm256_set1_ps(*x);
#endif
}

struct Tile {
  const float* a;
  std::int64_t stride_m, stride_k;
  const float* b;  // [k][kColumns]
  std::int64_t k;
  float* c;
  std::int64_t ldc;
  std::int64_t columns;  // valid columns of this tile
  bool add;
};

template <int Rows>
inline void micro_kernel(const Tile& t) {
  V acc[Rows][kVectors] = {};
  for (std::int64_t p = 0; p < t.k; ++p) {
    V b[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) std::memcpy(&b[v], t.b + p * kColumns + v * kWidth, sizeof(V));
    const float* a = t.a + p * t.stride_k;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const V x = broadcast(a + r * t.stride_m);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) acc[r][v] += x * b[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    float* c = t.c + r * t.ldc;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t left = t.columns - v * kWidth;
      float* out = c + v * kWidth;
      if (left >= kWidth) {
        V old{};
        if (t.add) std::memcpy(&old, out, sizeof(V));
        const V sum = t.add ? old + acc[r][v] : acc[r][v];
        std::memcpy(out, &sum, sizeof(V));
      } else {
        for (std::int64_t j = 0; j < left; ++j) out[j] = t.add ? out[j] + acc[r][v][j] : acc[r][v][j];
      }
    }
  }
}

template <int Rows>
void dispatch_rows(int rows, const Tile& tile) {
  if constexpr (Rows > 0) {
    if (rows == Rows)
      micro_kernel<Rows>(tile);
    else
      dispatch_rows<Rows - 1>(rows, tile);
  }
}

struct Problem {
  std::int64_t n, k;
  const float* a;
  std::int64_t stride_m, stride_k;
  const float* packed_b;
  float* c;
  std::int64_t ldc;
  bool accumulate;
};

/// Rows [m0, m1) and panels [p0, p1) of the product.
void block(const Problem& g, std::int64_t m0, std::int64_t m1, std::int64_t p0, std::int64_t p1) {
  for (std::int64_t k0 = 0; k0 < g.k; k0 += kBlockK) {
    const std::int64_t kb = std::min(kBlockK, g.k - k0);
    for (std::int64_t panel = p0; panel < p1; ++panel) {
      const float* b = g.packed_b + (panel * g.k + k0) * kColumns;
      for (std::int64_t m = m0; m < m1; m += kRows) {
        const int rows = static_cast<int>(std::min<std::int64_t>(kRows, m1 - m));
        for (std::int64_t sub = 0; sub < kColumns; sub += kVectors * kWidth) {
          const std::int64_t column = panel * kColumns + sub;
          if (column >= g.n) break;
          dispatch_rows<kRows>(rows, Tile{g.a + m * g.stride_m + k0 * g.stride_k, g.stride_m, g.stride_k, b + sub, kb,
                                          g.c + m * g.ldc + column, g.ldc, g.n - column, g.accumulate || k0 > 0});
        }
      }
    }
  }
}

void run(const Problem& g, std::int64_t m) {
  const std::int64_t panels = (g.n + kColumns - 1) / kColumns;
  const std::int64_t row_blocks = (m + kRows - 1) / kRows;
  const std::int64_t work = m * g.n * g.k;
  if (work < 32768) return block(g, 0, m, 0, panels);
  if (row_blocks >= panels) {
    parallel_ranges(row_blocks, 1, [&](std::int64_t begin, std::int64_t end) {
      block(g, begin * kRows, std::min(m, end * kRows), 0, panels);
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
