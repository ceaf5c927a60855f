// Fused AdamW and the gradient norm (adamw.h).
#include "r1/kernels/adamw.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr std::int64_t kBlock = 4096;

template <class G>
void update(const AdamWArgs& a, std::int64_t begin, std::int64_t end) {
  const G* gradient = static_cast<const G*>(a.gradient);
  const float decay = 1.0f - a.learning_rate * a.weight_decay;
  const float step = a.learning_rate / a.bias_correction1;
  const float root = 1.0f / std::sqrt(a.bias_correction2);
  for (std::int64_t i = begin; i < end; i += kLanes) {
    const std::int64_t left = end - i;
    const V16 g = load_some(gradient + i, left) * splat(a.gradient_scale);
    const V16 m = fma(splat(1.0f - a.beta1), g, splat(a.beta1) * load_some(a.m + i, left));
    const V16 v = fma(splat(1.0f - a.beta2) * g, g, splat(a.beta2) * load_some(a.v + i, left));
    const V16 change = splat(step) * m / fma(vsqrt(v), splat(root), splat(a.eps));
    const V16 w = fma(load_some(a.master + i, left), splat(decay), -change);
    store_some(a.m + i, m, left);
    store_some(a.v + i, v, left);
    store_some(a.master + i, w, left);
    if (a.parameter != nullptr) store_some(static_cast<bf16*>(a.parameter) + i, w, left);
  }
}

template <class T>
double block_sum(const T* x, std::int64_t begin, std::int64_t end) {
  double sum = 0.0;
  for (std::int64_t i = begin; i < end; i += 256) {
    V16 part{};
    const std::int64_t stop = std::min(end, i + 256);
    for (std::int64_t j = i; j < stop; j += kLanes) {
      const V16 v = load_some(x + j, stop - j);
      part = fma(v, v, part);
    }
    sum += sum_lanes(part);
  }
  return sum;
}

}  // namespace

void adamw(const AdamWArgs& args) {
  const std::int64_t blocks = (args.count + kBlock - 1) / kBlock;
  parallel_ranges(blocks, 2, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t last = std::min(args.count, end * kBlock);
    if (args.gradient_dtype == DType::F32)
      update<float>(args, begin * kBlock, last);
    else
      update<bf16>(args, begin * kBlock, last);
  });
}

void squared_norm(const SquaredNormArgs& args) {
  const std::int64_t blocks = (args.count + kBlock - 1) / kBlock;
  std::vector<double> sums(static_cast<std::size_t>(blocks));
  parallel_ranges(blocks, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t last = std::min(args.count, (b + 1) * kBlock);
      sums[static_cast<std::size_t>(b)] = args.dtype == DType::F32
                                              ? block_sum(static_cast<const float*>(args.x), b * kBlock, last)
                                              : block_sum(static_cast<const bf16*>(args.x), b * kBlock, last);
    }
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  *args.sum = total;
}

}  // namespace r1::kernels::R1_ISA
