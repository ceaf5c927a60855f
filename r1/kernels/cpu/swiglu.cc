// SwiGLU forward and backward (swiglu.h).
#include "r1/kernels/swiglu.h"

#include <algorithm>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

template <class T>
void forward_rows(const SwigluArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T* gate = static_cast<const T*>(a.gate) + i * a.stride;
    const T* up = static_cast<const T*>(a.up) + i * a.stride;
    T* y = static_cast<T*>(a.y) + i * a.columns;
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 g = load_some(gate + j, left);
      store_some(y + j, g * vsigmoid(g) * load_some(up + j, left), left);
    }
  }
}

template <class T>
void backward_rows(const SwigluBackwardArgs& a, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T* gate = static_cast<const T*>(a.gate) + i * a.stride;
    const T* up = static_cast<const T*>(a.up) + i * a.stride;
    const T* dy = static_cast<const T*>(a.dy) + i * a.columns;
    T* dgate = static_cast<T*>(a.dgate) + i * a.dstride;
    T* dup = static_cast<T*>(a.dup) + i * a.dstride;
    T* y = a.y == nullptr ? nullptr : static_cast<T*>(a.y) + i * a.columns;
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 g = load_some(gate + j, left), u = load_some(up + j, left), d = load_some(dy + j, left);
      const V16 s = vsigmoid(g);
      const V16 silu = g * s;
      store_some(dup + j, d * silu, left);
      store_some(dgate + j, d * u * fma(silu, splat(1.0f) - s, s), left);
      if (y != nullptr) store_some(y + j, silu * u, left);
    }
  }
}

std::int64_t grain(std::int64_t columns) {
  return std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, columns));
}

}  // namespace

void swiglu(const SwigluArgs& args) {
  parallel_ranges(args.rows, grain(args.columns), [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      forward_rows<float>(args, begin, end);
    else
      forward_rows<bf16>(args, begin, end);
  });
}

void swiglu_backward(const SwigluBackwardArgs& args) {
  parallel_ranges(args.rows, grain(args.columns), [&](std::int64_t begin, std::int64_t end) {
    if (args.dtype == DType::F32)
      backward_rows<float>(args, begin, end);
    else
      backward_rows<bf16>(args, begin, end);
  });
}

}  // namespace r1::kernels::R1_ISA
