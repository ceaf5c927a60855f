// NCCL between two GPUs of this machine. The test launches itself: each process must choose its GPU before CUDA starts.
#include "r1/parallel/cuda/nccl.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "r1/parallel/collectives.h"
#include "r1/parallel/launcher.h"
#include "r1/tensor/device.h"

namespace r1::parallel {
namespace {

TEST(Nccl, TwoProcesses) {
  if (!std::filesystem::exists("/dev/nvidia1")) GTEST_SKIP() << "fewer than two GPUs: not run";
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  EXPECT_EQ(launch({.processes = 2}, {self, "--gtest_filter=*OneOfTwo", "--gtest_also_run_disabled_tests"}), 0);
}

TEST(Nccl, DISABLED_OneOfTwo) {
  const World world = world_from_environment();
  ASSERT_EQ(world.size, 2);
  choose_local_gpu();
  tensor::open_cuda_plugin();
  const at::Device device = tensor::device("cuda");
  ProcessGroup group(world, true);
  std::vector<at::Tensor> tensors;
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kFloat, at::kBFloat16})
    tensors.push_back((at::arange(6, at::TensorOptions().dtype(type)) * (world.rank + 1)).to(device));
  tensors.push_back((at::arange(1 << 20, at::TensorOptions().dtype(at::kFloat)) * (world.rank + 1)).to(device));
  all_reduce_sum(group, tensors, "sums");
  for (const at::Tensor& x : tensors)
    for (const std::int64_t j : {std::int64_t{0}, std::int64_t{5}, x.numel() - 1})
      EXPECT_EQ(x[j].item<double>(), 3.0 * static_cast<double>(j));
  std::vector<double> numbers = {1.0};
  all_reduce_sum(group, numbers, "numbers on the host");
  EXPECT_EQ(numbers[0], 2.0);
  group.barrier("the end");
}

}  // namespace
}  // namespace r1::parallel
