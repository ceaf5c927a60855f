// The isolations that tests of code answers run under. Where this machine allows no namespaces, bubblewrap's tests are
// skipped by name and the others still run.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "r1/core/error.h"
#include "r1/reward/code/sandbox.h"

namespace r1::reward {

/// Why bubblewrap can't work here; nothing when it does.
inline const std::optional<std::string>& bubblewrap_fails() {
  static const std::optional<std::string> kWhy = []() -> std::optional<std::string> {
    try {
      Sandbox sandbox(SandboxConfig{});
      (void)sandbox.run("x", "[1]");
      return std::nullopt;
    } catch (const UserError& e) {
      return e.what();
    }
  }();
  return kWhy;
}

class IsolationTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("bubblewrap") && bubblewrap_fails()) GTEST_SKIP() << *bubblewrap_fails();
    config_.isolation = GetParam();
  }
  SandboxConfig config_;
};

inline std::string isolation_name(const testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace r1::reward
