// A profile's trace is JSON whose ranges nest, and its shares are those of the time that went by.
#include "r1/tensor/profile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "r1/core/error.h"
#include "r1/core/fs.h"
#include "r1/tensor/range.h"
#include "r1/tensor/torch.h"

namespace r1::tensor {
namespace {

using std::chrono::milliseconds;

std::filesystem::path trace_file() {
  return std::filesystem::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_profile_test.json");
}

ProfileReport profiled() {
  std::filesystem::remove(trace_file());
  Profile profile(false);
  {
    const Range forward("forward");
    std::this_thread::sleep_for(milliseconds(20));
    const Range inner("collective");
    std::this_thread::sleep_for(milliseconds(60));
  }
  for (int i = 0; i < 2; ++i) {
    const Range backward("backward");
    std::this_thread::sleep_for(milliseconds(5));
    const OpRange op("our_operator");
    at::mm(at::ones({64, 64}), at::ones({64, 64}));
  }
  std::this_thread::sleep_for(milliseconds(10));
  return profile.stop(trace_file());
}

const ProfileShare& share_of(const std::vector<ProfileShare>& shares, const std::string& kind) {
  for (const ProfileShare& s : shares)
    if (s.kind == kind) return s;
  throw std::runtime_error("no share of " + kind);
}

TEST(Profile, SharesOfTimeByKindAddUpToAll) {
  const ProfileReport report = profiled();
  EXPECT_GT(report.seconds, 0.1);
  EXPECT_TRUE(report.device.empty());
  double sum = 0.0;
  for (const ProfileShare& s : report.host) sum += s.share;
  EXPECT_NEAR(sum, 1.0, 1e-6);
  ASSERT_EQ(report.host.size(), 4u);
  EXPECT_EQ(share_of(report.host, "collective").count, 1);
  EXPECT_EQ(share_of(report.host, "backward").count, 2);
  EXPECT_GE(share_of(report.host, "collective").seconds, 0.06);
  EXPECT_GE(share_of(report.host, "forward").seconds, 0.02);
  EXPECT_LT(share_of(report.host, "forward").seconds, report.seconds - 0.08) << "without the range inside";
  EXPECT_GE(share_of(report.host, "other").seconds, 0.01);
  EXPECT_EQ(share_of(report.top, "our_operator").count, 2);
  EXPECT_EQ(share_of(report.top, "aten::mm").count, 2);
  const std::vector<std::string> lines = to_lines(report);
  EXPECT_EQ(lines.size(), 2 + report.host.size() + report.top.size());
  EXPECT_NE(lines.at(1).find("%"), std::string::npos);
}

TEST(Profile, TraceIsJsonWhoseRangesNest) {
  profiled();
  const nlohmann::json trace = nlohmann::json::parse(core::read_file(trace_file()));
  struct Span {
    double begin, end;
  };
  std::vector<Span> spans;
  std::vector<std::string> names;
  for (const nlohmann::json& e : trace.at("traceEvents")) {
    if (e.at("ph") != "X" || e.value("cat", "") != "user_annotation") continue;
    const double begin = e.at("ts").get<double>();
    spans.push_back({begin, begin + e.at("dur").get<double>()});
    names.push_back(e.at("name").get<std::string>());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"backward", "backward", "collective", "forward", "other"}));
  for (const Span& a : spans)
    for (const Span& b : spans) {
      const bool apart = a.end <= b.begin || b.end <= a.begin;
      const bool inside = (a.begin >= b.begin && a.end <= b.end) || (b.begin >= a.begin && b.end <= a.end);
      EXPECT_TRUE(apart || inside);
    }
}

TEST(Profile, AFolderThatIsNotThereIsAUsersMistake) {
  Profile profile(false);
  EXPECT_THROW(profile.stop("/no/such/folder/trace.json"), UserError);
}

TEST(Profile, KernelsHaveKinds) {
  EXPECT_EQ(kernel_kind("nvjet_tst_128x256_64x4_2x1_v_bz_coopA_TNN"), "products");
  EXPECT_EQ(kernel_kind("void cutlass::Kernel2<cutlass_80_wmma_tensorop_bf16>"), "products");
  EXPECT_EQ(kernel_kind("void pytorch_flash::flash_fwd_kernel<cutlass::bfloat16_t>"), "attention");
  EXPECT_EQ(kernel_kind("void r1::kernels::cuda::(anonymous namespace)::forward<8>(r1::kernels::AddRmsNormArgs)"),
            "norms");
  EXPECT_EQ(kernel_kind("r1::kernels::cuda::(anonymous namespace)::adamw_kernel(Batch<r1::kernels::AdamWArgs>)"),
            "optimizer");
  EXPECT_EQ(kernel_kind("void at::native::reduce_kernel<512, 1>"), "element-wise and sums");
  EXPECT_EQ(kernel_kind("something new"), "other kernels");
}

}  // namespace
}  // namespace r1::tensor
