// Element types: recipe names, kernel enumerators and ATen's scalar types.
#pragma once

#include <string>

#include "r1/kernels/dtype.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

/// "f32" or "bf16" -> ATen's type; UserError for another name.
at::ScalarType scalar_type(const std::string& name);
/// The name of a model's type: "f32", "bf16", or "f64" (ops/reference.h).
std::string dtype_name(at::ScalarType type);
/// The kernels' name of a tensor's type; Error for one that no kernel takes.
kernels::DType kernel_dtype(const at::Tensor& x);
/// Contiguous empty tensor like `x` in type, with other sizes.
at::Tensor empty_like_type(const at::Tensor& x, at::IntArrayRef sizes);
at::Tensor empty_f32(at::IntArrayRef sizes);

}  // namespace r1::tensor
