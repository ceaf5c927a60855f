// Devices: the CPU, and one GPU through the plug-in libr1_cuda.so, which brings libtorch's CUDA library and our CUDA
// kernels into the process. The program itself links neither.
#pragma once

#include <cstdint>
#include <string>

#include "r1/kernels/table.h"
#include "r1/tensor/plugin.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {

/// "cpu", "cuda", or "auto" (a GPU if there is one). UserError for another name, or for "cuda" where there is none,
/// saying what is missing.
at::Device device(const std::string& name);

/// The kernels of the device that `x` lies on.
const kernels::Table& kernels_on(const at::Tensor& x);

/// The GPU's. Error without one.
const kernels::Table& cuda_kernels();

/// A tensor of the host on `device`. To a GPU without waiting for what it is doing, through memory that it reads
/// itself: the host may prepare the next micro-batch meanwhile.
at::Tensor to_device(const at::Tensor& x, const at::Device& device);
/// `x` on the device of `like`.
at::Tensor to_device_of(const at::Tensor& x, const at::Tensor& like);
/// Empty float32 on the device of `like`.
at::Tensor empty_f32_on(const at::Tensor& like, at::IntArrayRef sizes);

/// The most bytes of device memory that tensors held at once since the last reset; 0 on the CPU.
std::int64_t peak_device_bytes(bool reset = false);
void synchronize(const at::Device& device);

}  // namespace r1::tensor
