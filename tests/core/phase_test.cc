// Marks are lines of the file that the environment names, in order, after what is there; without it nothing is written.
#include "r1/core/phase.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "r1/core/fs.h"

namespace r1::core {
namespace {

/// In a child, because a process opens the file once.
void mark_in_child(const char* file) {
  const pid_t child = fork();
  if (child == 0) {
    if (file == nullptr) {
      unsetenv("R1_PHASE_LOG");
    } else {
      setenv("R1_PHASE_LOG", file, 1);
    }
    phase_mark("rollout");
    phase_mark("update");
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

TEST(PhaseMark, AppendsALineAMark) {
  const std::string file = testing::TempDir() + "phase_test_" + std::to_string(getpid());
  mark_in_child(nullptr);
  EXPECT_FALSE(std::filesystem::exists(file));
  mark_in_child(file.c_str());
  mark_in_child(file.c_str());
  EXPECT_EQ(read_file(file), "rollout\nupdate\nrollout\nupdate\n");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace r1::core
