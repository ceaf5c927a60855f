// SwiGLU's backward kernel gives the forward's result once more, for those who did not keep it.
#include "r1/kernels/swiglu.h"

#include <gtest/gtest.h>

#include "r1/core/rng.h"
#include "r1/tensor/dtype.h"
#include "r1/tensor/ops/swiglu.h"

namespace r1::tensor {
namespace {

TEST(Swiglu, BackwardGivesTheForwardAgain) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    at::Tensor x = empty_f32({3, 5, 37});  // gate, up, dy; no multiple of any vector
    core::Rng rng({.seed = 2});
    for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data_ptr<float>()[i] = static_cast<float>(rng.normal());
    x = x.to(type);
    const at::Tensor again = empty_like_type(x, {5, 37}), unused = empty_like_type(x, {2, 5, 37});
    kernels::swiglu_backward({.rows = 5,
                              .columns = 37,
                              .gate = x[0].const_data_ptr(),
                              .up = x[1].const_data_ptr(),
                              .stride = 37,
                              .dy = x[2].const_data_ptr(),
                              .dgate = unused[0].mutable_data_ptr(),
                              .dup = unused[1].mutable_data_ptr(),
                              .dstride = 37,
                              .y = again.mutable_data_ptr(),
                              .dtype = kernel_dtype(x)});
    EXPECT_TRUE(again.equal(swiglu(x[0], x[1])));
  }
}

}  // namespace
}  // namespace r1::tensor
