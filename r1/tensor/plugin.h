// Opening libr1_cuda.so, the plug-in that brings CUDA (device.h). No torch type in this header: main calls it.
#pragma once

namespace r1::tensor {

/// Opens the plug-in: R1_CUDA_PLUGIN, or libr1_cuda.so in the program's own folder. Must come before anything that asks
/// libtorch whether CUDA exists (afterwards CUDA stays absent, with no error). Never throws: without plug-in, driver or
/// GPU the CPU is what there is, and device("cuda") says why.
void open_cuda_plugin();

/// The plug-in is open and there is a GPU.
bool cuda_available();

}  // namespace r1::tensor
