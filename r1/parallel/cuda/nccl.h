// c10d's NCCL backend. It lies in libtorch_cuda, which the program does not link: the plug-in libr1_cuda.so
// (tensor/plugin.h) brings the one function that makes it.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "r1/parallel/world.h"

namespace r1::parallel {

/// What the plug-in exports under kNcclEntry: NCCL on device 0 (world.h: choose_local_gpu), whose waits end after
/// world.timeout_seconds.
using NcclEntry = void(const c10::intrusive_ptr<c10d::Store>& store, const World& world,
                       c10::intrusive_ptr<c10d::Backend>& made);
inline constexpr const char* kNcclEntry = "r1_cuda_nccl";

/// UserError without the plug-in.
c10::intrusive_ptr<c10d::Backend> make_nccl(const c10::intrusive_ptr<c10d::Store>& store, const World& world);

}  // namespace r1::parallel
