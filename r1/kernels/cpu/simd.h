// Vectors of 16 floats by the compiler's vector extension: one zmm register or two ymm registers, the same bits either
// way. Included by the per-instruction-set sources of this folder only.
#pragma once

#include <cstdint>
#include <cstring>

namespace r1::kernels::R1_ISA {

typedef float V16 __attribute__((vector_size(64)));
typedef std::int32_t I16 __attribute__((vector_size(64)));
typedef std::uint32_t U16 __attribute__((vector_size(64)));
typedef std::uint16_t H16 __attribute__((vector_size(32)));
using bf16 = std::uint16_t;
inline constexpr std::int64_t kLanes = 16;

static inline V16 splat(float x) { return V16{x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

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

static inline V16 load(const float* p) {
  V16 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
static inline V16 load(const bf16* p) {
  H16 h;
  std::memcpy(&h, p, sizeof h);
  const U16 bits = __builtin_convertvector(h, U16) << 16;
  V16 v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
static inline void store(float* p, V16 v) { std::memcpy(p, &v, sizeof v); }
static inline void store(bf16* p, V16 v) {
  U16 bits;
  std::memcpy(&bits, &v, sizeof v);
  bits = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const H16 h = __builtin_convertvector(bits, H16);
  std::memcpy(p, &h, sizeof h);
}

/// The first n lanes, the others 0 (n < 16).
template <class T>
static inline V16 load_part(const T* p, std::int64_t n) {
  V16 v{};
  for (std::int64_t i = 0; i < n; ++i) v[i] = to_float(p[i]);
  return v;
}
template <class T>
static inline void store_part(T* p, V16 v, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) store_one(p + i, v[i]);
}
template <class T>
static inline V16 load_some(const T* p, std::int64_t n) {
  return n >= kLanes ? load(p) : load_part(p, n);
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
  typedef float V8 __attribute__((vector_size(32)));
  typedef float V4 __attribute__((vector_size(16)));
  V8 halves[2];
  std::memcpy(halves, &v, sizeof v);
  const V8 eight = halves[0] + halves[1];
  V4 quarters[2];
  std::memcpy(quarters, &eight, sizeof eight);
  const V4 four = quarters[0] + quarters[1];
  return (four[0] + four[2]) + (four[1] + four[3]);
}
static inline V16 max_lanes_with(V16 a, V16 b) { return a > b ? a : b; }
static inline float max_lanes(V16 v) {
  float best = v[0];
  for (int i = 1; i < kLanes; ++i) best = v[i] > best ? v[i] : best;
  return best;
}

/// exp(x) to about 1 ulp: x = n ln2 + r, a polynomial of degree 6 in r, scaled by 2^n. Flushes to 0 below -87.3; NaN
/// stays NaN.
static inline V16 vexp(V16 x) {
  const V16 low = splat(-87.3365f), high = splat(88.3762f);
  V16 clamped = x < low ? low : x;
  clamped = clamped > high ? high : clamped;
  const V16 magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const V16 n = (clamped * splat(1.44269504f) + magic) - magic;
  V16 r = clamped - n * splat(0.693359375f);
  r = r + n * splat(2.12194440e-4f);
  V16 p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * (r * r) + r + splat(1.0f);
  const I16 shifted = (__builtin_convertvector(n, I16) + 127) << 23;
  V16 scale;
  std::memcpy(&scale, &shifted, sizeof scale);
  V16 result = p * scale;
  result = x < low ? splat(0.0f) : result;
  return x == x ? result : x;
}
static inline V16 vsigmoid(V16 x) { return splat(1.0f) / (splat(1.0f) + vexp(-x)); }

}  // namespace r1::kernels::R1_ISA
