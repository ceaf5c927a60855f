// What the tests of conversions share: folders of the running test's own, and two checkpoints compared bit by bit.
#pragma once

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "r1/weights/safetensors.h"

namespace r1::model {

inline std::filesystem::path made(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  return folder;
}

/// An empty folder of the running test's own.
inline std::filesystem::path own_folder() {
  const auto& test = *::testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(R1_BINARY_DIR) / "convert_test" / test.test_suite_name() / test.name();
  std::filesystem::remove_all(folder);
  return made(folder);
}

inline void expect_same_tensors(const std::filesystem::path& before, const std::filesystem::path& after) {
  const weights::SafetensorsReader a(before), b(after);
  ASSERT_EQ(a.names(), b.names());
  for (const std::string& name : a.names()) {
    EXPECT_EQ(a.info(name).dtype, b.info(name).dtype) << name;
    EXPECT_TRUE(at::equal(a.load(name), b.load(name))) << name;
  }
}

}  // namespace r1::model
