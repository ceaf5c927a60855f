// The narrow gateway to libtorch: the tensor type and the few constructors that most files need. Never include the
// whole of torch; other ATen operators come one header at a time where they are used. Autograd's headers are included
// by autograd.cc only.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
