// The plug-in's loader (device.h).
#include "r1/tensor/device.h"

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "r1/core/error.h"

namespace r1::tensor {

namespace {

constexpr const char* kFile = "libr1_cuda.so";

/// What open_cuda_plugin found; set once, before other threads exist.
struct Plugin {
  const kernels::Table* table = nullptr;
  std::string missing = "the CUDA plug-in was not opened at start";
};

Plugin& plugin() {
  static Plugin the_plugin;
  return the_plugin;
}

/// libtorch warns once that choosing cuBLASLt is experimental; ops/device_linear.cc chooses it where it must.
void use_up_warning() {
  class Silent : public c10::WarningHandler {
    void process(const c10::Warning&) override {}
  } silent;
  const c10::WarningUtils::WarningHandlerGuard guard(&silent);
  const at::BlasBackend before = at::globalContext().blasPreferredBackend();
  at::globalContext().setBlasPreferredBackend(at::BlasBackend::Cublaslt);
  at::globalContext().setBlasPreferredBackend(before);
}

std::filesystem::path plugin_file() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read once at start
  if (const char* file = std::getenv("R1_CUDA_PLUGIN"); file != nullptr && *file != '\0') return file;
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / kFile;
}

}  // namespace

void open_cuda_plugin() {
  Plugin& p = plugin();
  const std::filesystem::path file = plugin_file();
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    p.missing = fmt::format("there is no {} (build with -DR1_CUDA=ON, or name it in R1_CUDA_PLUGIN)", file.string());
    return;
  }
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    p.missing = fmt::format("{} does not open: {}", file.string(), dlerror());
    return;
  }
  using Entry = const kernels::Table* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "r1_cuda_table"));
  if (entry == nullptr) {
    p.missing = fmt::format("{} is not r1's plug-in: it has no r1_cuda_table", file.string());
    return;
  }
  p.table = entry();
  if (p.table == nullptr)
    p.missing = "there is no CUDA driver or no GPU on this machine";
  else
    use_up_warning();
}

bool cuda_available() { return plugin().table != nullptr; }

at::Device device(const std::string& name) {
  if (name == "cpu" || (name == "auto" && !cuda_available())) return at::kCPU;
  if (name != "cuda" && name != "auto") user_error("unknown device '{}': use cpu, cuda or auto", name);
  if (!cuda_available()) user_error("device cuda: {}", plugin().missing);
  return {at::kCUDA, 0};
}

const kernels::Table& cuda_kernels() {
  R1_CHECK(cuda_available(), "work for CUDA without the plug-in");
  return *plugin().table;
}

const kernels::Table& kernels_on(const at::Tensor& x) { return x.is_cuda() ? cuda_kernels() : kernels::cpu_table(); }

at::Tensor to_device(const at::Tensor& x, const at::Device& device) {
  if (!device.is_cuda() || !x.is_cpu() || x.numel() == 0) return x.to(device);
  return x.pin_memory().to(x.options().device(device), /*non_blocking=*/true);
}

at::Tensor to_device_of(const at::Tensor& x, const at::Tensor& like) { return x.to(like.device()); }

at::Tensor empty_f32_on(const at::Tensor& like, at::IntArrayRef sizes) {
  return at::empty(sizes, at::TensorOptions().dtype(at::kFloat).device(like.device()));
}

std::int64_t peak_device_bytes(bool reset) {
  if (!cuda_available()) return 0;
  auto* allocator = at::getDeviceAllocator(at::kCUDA);
  const std::int64_t peak = allocator->getDeviceStats(0).allocated_bytes[0].peak;
  if (reset) allocator->resetPeakStats(0);
  return peak;
}

void synchronize(const at::Device& device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(at::kCUDA).synchronizeDevice(0);
}

}  // namespace r1::tensor
