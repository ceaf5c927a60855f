// Names of devices, and what a user reads where there is no GPU: the file that is missing or is no plug-in.
#include "r1/tensor/device.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::tensor {
namespace {

std::string error_of(const std::string& name) {
  try {
    device(name);
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

TEST(Device, CpuIsAlwaysThere) {
  EXPECT_TRUE(device("cpu").is_cpu());
  EXPECT_NE(error_of("gpu").find("unknown device 'gpu': use cpu, cuda or auto"), std::string::npos);
}

TEST(Device, WithoutPluginTheErrorNamesTheFile) {
  if (cuda_available()) GTEST_SKIP() << "the plug-in is open";
  const std::filesystem::path file = std::filesystem::path(::testing::TempDir()) / "no_plugin.so";
  std::filesystem::remove(file);
  ASSERT_EQ(setenv("R1_CUDA_PLUGIN", file.c_str(), 1), 0);
  open_cuda_plugin();
  EXPECT_TRUE(device("auto").is_cpu());
  EXPECT_NE(error_of("cuda").find("device cuda: there is no " + file.string()), std::string::npos);

  core::write_file_atomic(file, "no library");
  open_cuda_plugin();
  EXPECT_NE(error_of("cuda").find(file.string() + " does not open"), std::string::npos);
  unsetenv("R1_CUDA_PLUGIN");
}

TEST(Device, TensorsOfTheCpuHaveItsKernels) { EXPECT_EQ(&kernels_on(at::zeros({1})), &kernels::cpu_table()); }

}  // namespace
}  // namespace r1::tensor
