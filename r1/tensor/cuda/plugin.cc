// The entry of libr1_cuda.so: our CUDA kernels as a table (kernels/table.h), each on libtorch's current stream, with
// workspaces from its allocator. The only source that links libtorch_cuda. No autograd and no checks here: those are
// the ops' (tensor/ops).
#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

#include "r1/kernels/cuda/kernels.h"
#include "r1/kernels/table.h"

namespace {

namespace kernels = r1::kernels;
namespace cuda = r1::kernels::cuda;

cuda::Stream stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

void rmsnorm_backward(const kernels::AddRmsNormBackwardArgs& args) {
  // Freed on return: the allocator gives it to later work of the same stream only.
  const at::Tensor workspace = at::empty({cuda::rmsnorm_workspace(args.base.rows, args.base.columns)},
                                         at::TensorOptions().dtype(at::kFloat).device(at::kCUDA));
  cuda::add_rmsnorm_backward(args, workspace.mutable_data_ptr<float>(), stream());
}

void attention(const kernels::AttentionArgs& args) {
  if (!cuda::attention_tiles(args, stream())) cuda::attention(args, stream());
}

/// A pool of memory for graphs that lives on when none of them is left: one empty graph keeps it.
at::cuda::MempoolId_t lasting_pool() {
  const at::cuda::MempoolId_t pool = at::cuda::graph_pool_handle();
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  auto* keeper = new at::cuda::CUDAGraph;  // lives as long as the process
  keeper->capture_begin(pool);
  at::empty({1}, at::TensorOptions().dtype(at::kFloat).device(at::kCUDA)).zero_();
  keeper->capture_end();
  return pool;
}

/// Records on a stream of its own (the default one can't be); all graphs share one pool, since each one's results are
/// read before the next is replayed.
void* record(void (*work)(const void*), const void* context) {
  static const at::cuda::MempoolId_t kPool = lasting_pool();
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  c10::cuda::device_synchronize();
  const c10::cuda::CUDAStreamGuard guard(c10::cuda::getStreamFromPool());
  work(context);
  c10::cuda::device_synchronize();
  graph->capture_begin(kPool);
  work(context);
  graph->capture_end();
  return graph.release();
}

const kernels::Table kTable{
    .rmsnorm = [](const kernels::RmsNormArgs& a) { cuda::add_rmsnorm({a, nullptr, nullptr}, stream()); },
    .swiglu = [](const kernels::SwigluArgs& a) { cuda::swiglu(a, stream()); },
    .swiglu_backward = [](const kernels::SwigluBackwardArgs& a) { cuda::swiglu_backward(a, stream()); },
    .mla_rope = [](const kernels::MlaRopeArgs& a) { cuda::mla_rope(a, stream()); },
    .mla_rope_backward = [](const kernels::MlaRopeBackwardArgs& a) { cuda::mla_rope_backward(a, stream()); },
    .rotate = [](const kernels::RotateArgs& a) { cuda::rotate(a, stream()); },
    .attention = attention,
    .logprob = [](const kernels::LogprobArgs& a) { cuda::logprob({a, nullptr}, stream()); },
    .logprob_backward = [](const kernels::LogprobBackwardArgs& a) { cuda::logprob_backward(a, stream()); },
    .add_rmsnorm = [](const kernels::AddRmsNormArgs& a) { cuda::add_rmsnorm(a, stream()); },
    .add_rmsnorm_backward = rmsnorm_backward,
    .slot_swiglu_backward = [](const kernels::SlotSwigluBackwardArgs& a) { cuda::slot_swiglu_backward(a, stream()); },
    .rope_halves = [](const kernels::RopeHalvesArgs& a) { cuda::rope_halves(a, stream()); },
    .qkv_rope = [](const kernels::QkvRopeArgs& a) { cuda::qkv_rope(a, stream()); },
    .qkv_rope_backward = [](const kernels::QkvRopeBackwardArgs& a) { cuda::qkv_rope_backward(a, stream()); },
    .logprob_gradient = [](const kernels::LogprobGradientArgs& a) { cuda::logprob(a, stream()); },
    .sample = [](const kernels::SampleArgs& a) { cuda::sample(a, stream()); },
    .adamw = [](const kernels::AdamWArgs* a, std::size_t count) { cuda::adamw(a, count, stream()); },
    .squared_norms = [](const kernels::SquaredNormParts* a,
                        std::size_t count) { cuda::squared_norms(a, count, stream()); },
    .record = record,
    .replay = [](void* graph) { static_cast<at::cuda::CUDAGraph*>(graph)->replay(); },
    .release = [](void* graph) { delete static_cast<at::cuda::CUDAGraph*>(graph); }};

}  // namespace

/// Null when there is no driver or no GPU.
extern "C" __attribute__((visibility("default"))) const r1::kernels::Table* r1_cuda_table() {
  return c10::cuda::device_count() > 0 ? &kTable : nullptr;
}
