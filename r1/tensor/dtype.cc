// Element type names (dtype.h).
#include "r1/tensor/dtype.h"

#include "r1/core/error.h"

namespace r1::tensor {

at::ScalarType scalar_type(const std::string& name) {
  if (name == "f32") return at::kFloat;
  if (name == "bf16") return at::kBFloat16;
  user_error("unknown dtype '{}': use f32 or bf16", name);
}

std::string dtype_name(at::ScalarType type) {
  return type == at::kBFloat16 ? "bf16" : type == at::kDouble ? "f64" : "f32";
}

kernels::DType kernel_dtype(const at::Tensor& x) {
  R1_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16, "kernels take f32 and bf16, not {}",
           c10::toString(x.scalar_type()));
  return x.scalar_type() == at::kFloat ? kernels::DType::F32 : kernels::DType::BF16;
}

at::Tensor empty_like_type(const at::Tensor& x, at::IntArrayRef sizes) {
  return at::empty(sizes, x.options().requires_grad(false));
}

at::Tensor empty_f32(at::IntArrayRef sizes) { return at::empty(sizes, at::TensorOptions().dtype(at::kFloat)); }

}  // namespace r1::tensor
