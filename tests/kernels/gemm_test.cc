// The matrix product against a double reference over odd shapes, and its promise: a row's bits do not depend on M,
// place or threads.
#include "r1/kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "r1/kernels/parallel.h"
#include "tests/kernels/random.h"

namespace r1::kernels {
namespace {

struct Shape {
  std::int64_t m, n, k;
};

/// x [m, k] times w [n, k] transposed.
std::vector<float> product(const std::vector<float>& x, const std::vector<float>& w, const Shape& s) {
  std::vector<float> packed(static_cast<std::size_t>(packed_size(s.k, s.n))),
      y(static_cast<std::size_t>(s.m * s.n), -1.0f);
  pack({.source = w.data(), .k = s.k, .n = s.n, .stride_k = 1, .stride_n = s.k, .packed = packed.data()});
  gemm({.m = s.m,
        .n = s.n,
        .k = s.k,
        .a = x.data(),
        .stride_m = s.k,
        .stride_k = 1,
        .packed_b = packed.data(),
        .c = y.data(),
        .ldc = s.n});
  return y;
}

class Gemm : public ::testing::TestWithParam<Shape> {};

TEST_P(Gemm, EqualsTheDoubleReference) {
  const Shape s = GetParam();
  const auto x = testing::random_floats(static_cast<std::size_t>(s.m * s.k), 1),
             w = testing::random_floats(static_cast<std::size_t>(s.n * s.k), 2);
  const std::vector<float> y = product(x, w, s);
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = 0.0;
      for (std::int64_t p = 0; p < s.k; ++p)
        sum += static_cast<double>(x[static_cast<std::size_t>(i * s.k + p)]) * w[static_cast<std::size_t>(j * s.k + p)];
      ASSERT_NEAR(y[static_cast<std::size_t>(i * s.n + j)], sum, 1e-6 * static_cast<double>(s.k)) << i << "," << j;
    }
  }
}

TEST_P(Gemm, ARowsBitsDoNotDependOnTheOthers) {
  const Shape s = GetParam();
  const auto x = testing::random_floats(static_cast<std::size_t>(s.m * s.k), 1),
             w = testing::random_floats(static_cast<std::size_t>(s.n * s.k), 2);
  const std::vector<float> all = product(x, w, s);
  const int threads = num_threads();
  for (const int count : {1, 2, 5}) {
    set_num_threads(count);
    for (std::int64_t i = 0; i < s.m; i += 1 + s.m / 7) {
      const std::vector<float> row(x.begin() + i * s.k, x.begin() + (i + 1) * s.k);
      const std::vector<float> alone = product(row, w, {1, s.n, s.k});
      ASSERT_EQ(std::memcmp(alone.data(), all.data() + i * s.n, sizeof(float) * static_cast<std::size_t>(s.n)), 0)
          << i << ", " << count;
    }
    ASSERT_EQ(product(x, w, s), all) << count << " threads";
  }
  set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Gemm,
                         ::testing::Values(Shape{1, 1, 1}, Shape{3, 5, 7}, Shape{13, 33, 257}, Shape{64, 96, 512},
                                           Shape{200, 31, 300}, Shape{37, 130, 64}));

TEST(GemmForms, TransposedAAndAccumulation) {
  const std::int64_t m = 19, n = 40, k = 300;
  const auto at = testing::random_floats(static_cast<std::size_t>(k * m), 3),
             b = testing::random_floats(static_cast<std::size_t>(k * n), 4);
  std::vector<float> packed(static_cast<std::size_t>(packed_size(k, n))), c(static_cast<std::size_t>(m * n), 2.0f);
  pack({.source = b.data(), .k = k, .n = n, .stride_k = n, .stride_n = 1, .packed = packed.data()});
  gemm({.m = m,
        .n = n,
        .k = k,
        .a = at.data(),
        .stride_m = 1,
        .stride_k = m,
        .packed_b = packed.data(),
        .c = c.data(),
        .ldc = n,
        .accumulate = true});
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 2.0;
      for (std::int64_t p = 0; p < k; ++p)
        sum += static_cast<double>(at[static_cast<std::size_t>(p * m + i)]) * b[static_cast<std::size_t>(p * n + j)];
      ASSERT_NEAR(c[static_cast<std::size_t>(i * n + j)], sum, 1e-4);
    }
  }
}

TEST(GemmForms, BFloat16RoundsOnceAtTheEnd) {
  const std::vector<std::uint16_t> ones(64, 0x3f80);  // 1.0
  const std::vector<float> w(64, 1.0078125f / 64);    // the sum lies half a unit above 1 in bf16: ties go to even
  std::vector<float> packed(static_cast<std::size_t>(packed_size(64, 1)));
  std::uint16_t y = 0;
  pack({.source = w.data(), .k = 64, .n = 1, .stride_k = 1, .stride_n = 64, .packed = packed.data()});
  gemm({.m = 1,
        .n = 1,
        .k = 64,
        .a = ones.data(),
        .a_dtype = DType::BF16,
        .stride_m = 64,
        .stride_k = 1,
        .packed_b = packed.data(),
        .c = &y,
        .c_dtype = DType::BF16,
        .ldc = 1});
  EXPECT_EQ(y, 0x3f81);  // 1.0078125 is a bf16 number itself
}

}  // namespace
}  // namespace r1::kernels
