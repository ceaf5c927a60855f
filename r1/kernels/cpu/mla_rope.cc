// Rotary embedding and layout of MLA's heads (mla_rope.h), one token at a time.
#include "r1/kernels/mla_rope.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

/// out = R(angle) in, pairwise; sign -1 turns back (the transpose).
template <class T>
inline void turn(const T* in, T* out, std::int64_t rope, const float* cos, const float* sin, float sign) {
  for (std::int64_t i = 0; i < rope / 2; ++i) {
    const float a = to_float(in[2 * i]), b = to_float(in[2 * i + 1]);
    const float c = cos[i], s = sign * sin[i];
    store_one(out + 2 * i,
              __builtin_fmaf(a, c, -(b * s)));  // which product is rounded alone is said here, not left to the compiler
    store_one(out + 2 * i + 1, __builtin_fmaf(b, c, a * s));
  }
}

template <class T>
void forward(const MlaRopeArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t qk = a.nope + a.rope, kv_width = a.nope + a.v;
  std::vector<T> key_pe(static_cast<std::size_t>(a.rope));
  for (std::int64_t t = begin; t < end; ++t) {
    const float* cos = a.cos + a.positions[t] * (a.rope / 2);
    const float* sin = a.sin + a.positions[t] * (a.rope / 2);
    turn(static_cast<const T*>(a.k_pe) + t * a.k_pe_stride, key_pe.data(), a.rope, cos, sin, 1.0f);
    for (std::int64_t h = 0; h < a.heads; ++h) {
      const std::int64_t row = t * a.heads + h;
      const T* q = static_cast<const T*>(a.q) + row * qk;
      const T* kv = static_cast<const T*>(a.kv) + row * kv_width;
      T* q_out = static_cast<T*>(a.q_out) + row * qk;
      T* k_out = static_cast<T*>(a.k_out) + row * qk;
      std::memcpy(q_out, q, sizeof(T) * a.nope);
      turn(q + a.nope, q_out + a.nope, a.rope, cos, sin, 1.0f);
      std::memcpy(k_out, kv, sizeof(T) * a.nope);
      std::memcpy(k_out + a.nope, key_pe.data(), sizeof(T) * a.rope);
      std::memcpy(static_cast<T*>(a.v_out) + row * a.v, kv + a.nope, sizeof(T) * a.v);
    }
  }
}

template <class T>
void backward(const MlaRopeBackwardArgs& a, std::int64_t begin, std::int64_t end) {
  const std::int64_t qk = a.nope + a.rope, kv_width = a.nope + a.v;
  std::vector<float> sum(static_cast<std::size_t>(a.rope)), turned(static_cast<std::size_t>(a.rope));
  for (std::int64_t t = begin; t < end; ++t) {
    const float* cos = a.cos + a.positions[t] * (a.rope / 2);
    const float* sin = a.sin + a.positions[t] * (a.rope / 2);
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (std::int64_t h = 0; h < a.heads; ++h) {
      const std::int64_t row = t * a.heads + h;
      const T* dq_out = static_cast<const T*>(a.dq_out) + row * qk;
      const T* dk_out = static_cast<const T*>(a.dk_out) + row * qk;
      T* dq = static_cast<T*>(a.dq) + row * qk;
      T* dkv = static_cast<T*>(a.dkv) + row * kv_width;
      std::memcpy(dq, dq_out, sizeof(T) * a.nope);
      turn(dq_out + a.nope, dq + a.nope, a.rope, cos, sin, -1.0f);
      std::memcpy(dkv, dk_out, sizeof(T) * a.nope);
      std::memcpy(dkv + a.nope, static_cast<const T*>(a.dv_out) + row * a.v, sizeof(T) * a.v);
      for (std::int64_t i = 0; i < a.rope; ++i) sum[static_cast<std::size_t>(i)] += to_float(dk_out[a.nope + i]);
    }
    turn(sum.data(), turned.data(), a.rope, cos, sin, -1.0f);
    T* dk_pe = static_cast<T*>(a.dk_pe) + t * a.rope;
    for (std::int64_t i = 0; i < a.rope; ++i) store_one(dk_pe + i, turned[static_cast<std::size_t>(i)]);
  }
}

template <class T>
void rotate_rows(const RotateArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t t = begin; t < end; ++t) {
    const float* cos = a.cos + a.positions[t] * (a.rope / 2);
    const float* sin = a.sin + a.positions[t] * (a.rope / 2);
    for (std::int64_t h = 0; h < a.heads; ++h) {
      T* x = static_cast<T*>(a.x) + (t * a.heads + h + 1) * a.width - a.rope;
      turn(x, x, a.rope, cos, sin, 1.0f);
    }
  }
}

constexpr std::int64_t kGrain = 32;

}  // namespace

void mla_rope(const MlaRopeArgs& args) {
  parallel_ranges(args.tokens, kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      forward<float>(args, begin, end);
    else
      forward<bf16>(args, begin, end);
  });
}

void mla_rope_backward(const MlaRopeBackwardArgs& args) {
  parallel_ranges(args.tokens, kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      backward<float>(args, begin, end);
    else
      backward<bf16>(args, begin, end);
  });
}

void rotate(const RotateArgs& args) {
  parallel_ranges(args.tokens, kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      rotate_rows<float>(args, begin, end);
    else
      rotate_rows<bf16>(args, begin, end);
  });
}

}  // namespace r1::kernels::R1_ISA
