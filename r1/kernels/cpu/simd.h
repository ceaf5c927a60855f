// What the kernels do with vectors of 16 floats (vector16.h): parts of rows, sums over lanes, exp. Included by the
// per-instruction-set sources of this folder only.
#pragma once

#include <cstdint>
#include <cstring>

#include "r1/kernels/cpu/vector16.h"

namespace r1::kernels::R1_ISA {

static inline V16 operator-(V16 a) { return splat(-0.0f) - a; }
static inline V16& operator+=(V16& a, V16 b) { return a = a + b; }
static inline V16& operator-=(V16& a, V16 b) { return a = a - b; }

static inline float to_float(float x) { return x; }
static inline float to_float(bf16 x) {
  const std::uint32_t bits = static_cast<std::uint32_t>(x) << 16;
  float out;
  std::memcpy(&out, &bits, 4);
  return out;
}
static inline void store_one(float* p, float x) { *p = x; }
static inline void store_one(bf16* p, float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits += 0x7fffU + ((bits >> 16) & 1U);
  *p = static_cast<bf16>(bits >> 16);
}

/// The first n lanes, the others `rest` (n < 16).
template <class T>
static inline V16 load_part(const T* p, std::int64_t n, float rest = 0.0f) {
  float lanes[kLanes];
  for (std::int64_t i = 0; i < kLanes; ++i) lanes[i] = i < n ? to_float(p[i]) : rest;
  return load(lanes);
}
template <class T>
static inline void store_part(T* p, V16 v, std::int64_t n) {
  float lanes[kLanes];
  store(lanes, v);
  for (std::int64_t i = 0; i < n; ++i) store_one(p + i, lanes[i]);
}
template <class T>
static inline V16 load_some(const T* p, std::int64_t n, float rest = 0.0f) {
  return n >= kLanes ? load(p) : load_part(p, n, rest);
}
template <class T>
static inline void store_some(T* p, V16 v, std::int64_t n) {
  if (n >= kLanes)
    store(p, v);
  else
    store_part(p, v, n);
}

/// Sum of the lanes, always by the same tree.
static inline float sum_lanes(V16 v) {
  float lanes[kLanes];
  store(lanes, v);
  const __m256 eight = _mm256_add_ps(_mm256_loadu_ps(lanes), _mm256_loadu_ps(lanes + 8));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));  // lanes 0 + 2, 1 + 3
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
static inline float max_lanes(V16 v) {
  float lanes[kLanes];
  store(lanes, v);
  float best = lanes[0];
  for (std::int64_t i = 1; i < kLanes; ++i) best = lanes[i] > best ? lanes[i] : best;
  return best;
}

/// Below it vexp is 0.
inline constexpr float kExpLowest = -87.3365f;

/// exp(x) to about 1 ulp: x = n ln2 + r, a polynomial of degree 6 in r, scaled by 2^n. Flushes to 0 below -87.3; NaN
/// stays NaN.
static inline V16 vexp(V16 x) {
  const V16 low = splat(kExpLowest), high = splat(88.3762f);
  const V16 clamped = vmin(high, vmax(low, x));
  const V16 magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const V16 n = fma(clamped, splat(1.44269504f), magic) - magic;
  V16 r = fma(n, splat(-0.693359375f), clamped);
  r = fma(n, splat(2.12194440e-4f), r);
  V16 p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p, r * r, r) + splat(1.0f);
  return zero_where_less(x, low, p * power_of_two(n));
}
static inline V16 vsigmoid(V16 x) { return splat(1.0f) / (splat(1.0f) + vexp(-x)); }

}  // namespace r1::kernels::R1_ISA
