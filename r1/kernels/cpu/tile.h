// The one inner loop of all products on the CPU: a tile C[rows, columns] (+)= A[rows, k] * B[k, columns] whose
// accumulators stay in registers. Products are added one by one over k, whatever the tile's size and the instruction
// set, so an element never depends on what shares its tile. Included by the per-instruction-set sources of this folder
// only; blocking, packing and threads are theirs.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace r1::kernels::R1_ISA {

#ifdef __AVX512F__
using TileVector = __m512;
inline constexpr int kTileRows = 12;  // 24 accumulators of 32 registers
#else
using TileVector = __m256;
inline constexpr int kTileRows = 6;  // 12 accumulators of 16 registers
#endif
inline constexpr std::int64_t kTileWidth = sizeof(TileVector) / sizeof(float);
inline constexpr std::int64_t kTileColumns = 2 * kTileWidth;

/// A by strides; B and C row-major. B has kTileColumns readable columns in each of its k rows, also where `columns` is
/// smaller.
struct Tile {
  const float* a = nullptr;
  std::int64_t stride_m = 0, stride_k = 1;
  const float* b = nullptr;
  std::int64_t ldb = 0;
  std::int64_t k = 0;
  float* c = nullptr;
  std::int64_t ldc = 0;
  std::int64_t columns = kTileColumns;  // columns of C that are written
  bool add = false;  // C += instead of C =
};

#ifdef __AVX512F__
static inline TileVector load_tile(const float* x) { return _mm512_loadu_ps(x); }
static inline void store_tile(float* x, TileVector v) { _mm512_storeu_ps(x, v); }
/// All lanes from one element, by a load: the port that shuffles is one of the two that multiply.
static inline TileVector broadcast(const float* x) { return _mm512_set1_ps(*x); }
static inline TileVector fma(TileVector a, TileVector b, TileVector c) { return _mm512_fmadd_ps(a, b, c); }
static inline TileVector sum(TileVector a, TileVector b) { return _mm512_add_ps(a, b); }
#else
static inline TileVector load_tile(const float* x) { return _mm256_loadu_ps(x); }
static inline void store_tile(float* x, TileVector v) { _mm256_storeu_ps(x, v); }
static inline TileVector broadcast(const float* x) { return _mm256_broadcast_ss(x); }
static inline TileVector fma(TileVector a, TileVector b, TileVector c) { return _mm256_fmadd_ps(a, b, c); }
static inline TileVector sum(TileVector a, TileVector b) { return _mm256_add_ps(a, b); }
#endif

/// body(0), body(1), ... body(Count - 1) with constant arguments, written out: a loop that is unrolled late would leave
/// arrays of accumulators in memory.
template <int Count, class Body>
[[gnu::always_inline]] static inline void unrolled(const Body& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, Count>{});
}

/// All kTileColumns columns.
template <int Rows>
[[gnu::noinline]] static void full_tile(const Tile& t) {
  TileVector left[Rows], right[Rows];
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) { left[r] = right[r] = TileVector{}; });
  const float* a = t.a;
  const float* b = t.b;
  const std::int64_t stride_m = t.stride_m, stride_k = t.stride_k, ldb = t.ldb;
  for (std::int64_t p = 0; p < t.k; ++p, a += stride_k, b += ldb) {
    const TileVector b_left = load_tile(b), b_right = load_tile(b + kTileWidth);
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
      const TileVector x = broadcast(a + r * stride_m);
      left[r] = fma(x, b_left, left[r]);
      right[r] = fma(x, b_right, right[r]);
    });
  }
  if (t.add) {
    unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
      const float* c = t.c + r * t.ldc;
      left[r] = sum(load_tile(c), left[r]);
      right[r] = sum(load_tile(c + kTileWidth), right[r]);
    });
  }
  unrolled<Rows>([&](auto r) __attribute__((always_inline)) {
    float* c = t.c + r * t.ldc;
    store_tile(c, left[r]);
    store_tile(c + kTileWidth, right[r]);
  });
}

/// The tile's product for 1 to kTileRows rows. Narrow tiles are computed whole beside C: lanes of an accumulator that
/// are picked one by one would keep it in memory.
template <int Rows = kTileRows>
static inline void tile_product(int rows, const Tile& tile) {
  if constexpr (Rows > 0) {
    if (rows != Rows) return tile_product<Rows - 1>(rows, tile);
    if (tile.columns >= kTileColumns) return full_tile<Rows>(tile);
    float whole[Rows * kTileColumns];
    Tile t = tile;
    t.c = whole;
    t.ldc = kTileColumns;
    t.add = false;
    full_tile<Rows>(t);
    for (int r = 0; r < Rows; ++r) {
      float* c = tile.c + r * tile.ldc;
      for (std::int64_t j = 0; j < tile.columns; ++j)
        c[j] = tile.add ? c[j] + whole[r * kTileColumns + j] : whole[r * kTileColumns + j];
    }
  }
}

}  // namespace r1::kernels::R1_ISA
