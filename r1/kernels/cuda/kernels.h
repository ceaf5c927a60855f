// The CUDA kernels behind kernels/table.h, one function an op, each on a stream (a cudaStream_t; kept opaque so that
// this header needs no CUDA). Pointers are the device's. They throw std::runtime_error when a launch fails. No torch
// here: tensor/cuda/plugin.cc brings streams and workspaces.
#pragma once

#include "r1/kernels/table.h"

namespace r1::kernels::cuda {

using Stream = void*;

void add_rmsnorm(const AddRmsNormArgs& args, Stream stream);  // delta null: plain RMSNorm
/// Floats of workspace that add_rmsnorm_backward needs.
std::int64_t rmsnorm_workspace(std::int64_t rows, std::int64_t columns);
void add_rmsnorm_backward(const AddRmsNormBackwardArgs& args, float* workspace, Stream stream);
void swiglu(const SwigluArgs& args, Stream stream);
void swiglu_backward(const SwigluBackwardArgs& args, Stream stream);
void slot_swiglu_backward(const SlotSwigluBackwardArgs& args, Stream stream);
void rope_halves(const RopeHalvesArgs& args, Stream stream);
void qkv_rope(const QkvRopeArgs& args, Stream stream);
void qkv_rope_backward(const QkvRopeBackwardArgs& args, Stream stream);
void mla_rope(const MlaRopeArgs& args, Stream stream);
void mla_rope_backward(const MlaRopeBackwardArgs& args, Stream stream);
void rotate(const RotateArgs& args, Stream stream);
void attention(const AttentionArgs& args, Stream stream);
/// The same on tensor cores: bf16, the head sizes that models have. False: not for these arguments.
bool attention_tiles(const AttentionArgs& args, Stream stream);
/// `gradient` null: log-probabilities alone.
void logprob(const LogprobGradientArgs& args, Stream stream);
void logprob_backward(const LogprobBackwardArgs& args, Stream stream);
void sample(const SampleArgs& args, Stream stream);
void adamw(const AdamWArgs* args, std::size_t count, Stream stream);
void squared_norms(const SquaredNormParts* args, std::size_t count, Stream stream);

}  // namespace r1::kernels::cuda
