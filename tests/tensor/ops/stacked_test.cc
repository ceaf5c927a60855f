// Weights in one block of memory: the same values and parameters of their own, and one matrix without a copy.
#include "r1/tensor/ops/stacked.h"

#include <gtest/gtest.h>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

namespace r1::tensor {
namespace {

at::Tensor counting(std::int64_t rows, std::int64_t first) {
  return at::arange(first, first + rows * 4, at::TensorOptions().dtype(at::kFloat)).view({rows, 4});
}

TEST(Stacked, PartsAreViewsOfOneMatrix) {
  at::Tensor a = counting(6, 0).requires_grad_(true), b = counting(2, 100);
  const at::Tensor want = at::cat({a.detach(), b});
  EXPECT_FALSE(stacked({a, b}).defined());
  stack({&a, &b});
  const at::Tensor both = stacked({a, b});
  ASSERT_TRUE(both.defined());
  EXPECT_TRUE(both.equal(want));
  EXPECT_TRUE(both.is_alias_of(a));
  EXPECT_TRUE(a.requires_grad() && a.is_leaf() && !b.requires_grad() && !both.requires_grad());
  b.fill_(7.0);
  EXPECT_TRUE(both.narrow(0, 6, 2).eq(7.0).all().item<bool>());
  EXPECT_FALSE(stacked({b, a}).defined()) << "in their order only";
  a.sum().backward();
  EXPECT_EQ(a.grad().sizes(), a.sizes());
}

TEST(Stacked, SizesThatLeaveAPartUnalignedStay) {
  at::Tensor a = counting(3, 0), b = counting(2, 100), none;
  stack({&a, &b});
  EXPECT_FALSE(stacked({a, b}).defined());
  stack({&a, &none});
  EXPECT_FALSE(none.defined());
}

}  // namespace
}  // namespace r1::tensor
