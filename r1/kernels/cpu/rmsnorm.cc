// RMSNorm, one row at a time (rmsnorm.h). The weight's gradient is summed per block of 256 rows, blocks in order, so
// that it does not depend on the number of threads.
#include "r1/kernels/rmsnorm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kRowBlock = 256;

/// Rounds to the storage type and back.
inline V16 rounded(V16 v, const float*) { return v; }
inline V16 rounded(V16 v, const bf16*) {
  bf16 h[kLanes];
  store(h, v);
  return load(h);
}

template <class T>
void forward_rows(const RmsNormArgs& a, std::int64_t begin, std::int64_t end) {
  const T* weight = static_cast<const T*>(a.weight);
  for (std::int64_t i = begin; i < end; ++i) {
    const T* x = static_cast<const T*>(a.x) + i * a.x_stride;
    T* y = static_cast<T*>(a.y) + i * a.columns;
    V16 squares{};
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const V16 v = load_some(x + j, a.columns - j);
      squares = fma(v, v, squares);
    }
    const float inverse = 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(a.columns) + a.eps);
    if (a.inverse_rms != nullptr) a.inverse_rms[i] = inverse;
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 normed = rounded(load_some(x + j, left) * splat(inverse), x);
      store_some(y + j, normed * load_some(weight + j, left), left);
    }
  }
}

template <class T>
void backward_rows(const RmsNormBackwardArgs& a, std::int64_t begin, std::int64_t end, float* dweight) {
  const T* weight = static_cast<const T*>(a.weight);
  for (std::int64_t i = begin; i < end; ++i) {
    const T* x = static_cast<const T*>(a.x) + i * a.x_stride;
    const T* dy = static_cast<const T*>(a.dy) + i * a.columns;
    T* dx = static_cast<T*>(a.dx) + i * a.columns;
    const V16 inverse = splat(a.inverse_rms[i]);
    V16 dot{};
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 normed = load_some(x + j, left) * inverse;
      const V16 g = load_some(dy + j, left);
      dot = fma(g * load_some(weight + j, left), normed, dot);
      store_some(dweight + j, fma(g, normed, load_some(dweight + j, left)), left);
    }
    const V16 mean = splat(sum_lanes(dot) / static_cast<float>(a.columns));
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 normed = load_some(x + j, left) * inverse;
      const V16 g = load_some(dy + j, left) * load_some(weight + j, left);
      store_some(dx + j, fma(normed, -mean, g) * inverse, left);
    }
  }
}

}  // namespace

void rmsnorm(const RmsNormArgs& args) {
  parallel_ranges(args.rows, std::max<std::int64_t>(1, 16384 / args.columns),
                  [&](std::int64_t begin, std::int64_t end) {
                    if (args.dtype == DType::F32)
                      forward_rows<float>(args, begin, end);
                    else
                      forward_rows<bf16>(args, begin, end);
                  });
}

void rmsnorm_backward(const RmsNormBackwardArgs& args) {
  const std::int64_t blocks = (args.rows + kRowBlock - 1) / kRowBlock;
  std::vector<float> partial(static_cast<std::size_t>(blocks * args.columns), 0.0f);
  parallel_items(blocks, [&](std::int64_t block) {
    const std::int64_t begin = block * kRowBlock, end = std::min(args.rows, begin + kRowBlock);
    float* dweight = partial.data() + block * args.columns;
    if (args.dtype == DType::F32)
      backward_rows<float>(args, begin, end, dweight);
    else
      backward_rows<bf16>(args, begin, end, dweight);
  });
  for (std::int64_t j = 0; j < args.columns; ++j) {
    float sum = 0.0f;
    for (std::int64_t block = 0; block < blocks; ++block)
      sum += partial[static_cast<std::size_t>(block * args.columns + j)];
    args.dweight[j] = sum;
  }
}

}  // namespace r1::kernels::R1_ISA
