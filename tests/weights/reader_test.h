// What tests of the checkpoint readers share: a folder of the test's own, and what a reader says of a file.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "r1/core/error.h"

namespace r1::weights {

template <class Reader>
class ReaderTest : public ::testing::Test {
 protected:
  ReaderTest() : folder_(own_folder()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ReaderTest() override { std::filesystem::remove_all(folder_); }

  /// The user's error that opening `path` gives, or "accepted".
  std::string complaint(const std::filesystem::path& path) const {
    try {
      Reader reader(path);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }

  std::filesystem::path folder_;

 private:
  static std::filesystem::path own_folder() {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    return std::filesystem::path(R1_BINARY_DIR) / "weights_test" / test.test_suite_name() / test.name();
  }
};

}  // namespace r1::weights
