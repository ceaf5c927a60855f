// The plug-in's side of cuda/nccl.h.
#include "r1/parallel/cuda/nccl.h"

#include <chrono>
#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

extern "C" __attribute__((visibility("default"))) void r1_cuda_nccl(const c10::intrusive_ptr<c10d::Store>& store,
                                                                    const r1::parallel::World& world,
                                                                    c10::intrusive_ptr<c10d::Backend>& made) {
  // wait() then blocks, and throws at the timeout, where otherwise a watchdog would abort the process.
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::milliseconds(static_cast<std::int64_t>(world.timeout_seconds * 1000.0));
  made = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, world.rank, world.size, options);
}
