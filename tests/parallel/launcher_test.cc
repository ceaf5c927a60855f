// What each process of a launch is told, and how a launch ends.
#include "r1/parallel/launcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include "r1/core/error.h"
#include "r1/core/fs.h"

namespace r1::parallel {
namespace {

namespace fs = std::filesystem;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::vector<std::string> shell(const std::string& script) { return {"sh", "-c", script}; }

TEST(Launcher, TellsEachProcessWhoItIs) {
  const fs::path folder = fs::path(::testing::TempDir()) / (std::to_string(getpid()) + "_r1_launcher");
  fs::remove_all(folder);
  fs::create_directories(folder);
  setenv("RANK", "9", 1);
  const std::string script =
      "echo $RANK $LOCAL_RANK $WORLD_SIZE $MASTER_ADDR $MASTER_PORT > " + folder.string() + "/$RANK";
  EXPECT_EQ(launch({.processes = 3, .master_port = 4321}, shell(script)), 0);
  for (const std::string rank : {"0", "1", "2"})
    EXPECT_EQ(core::read_file(folder / rank), fmt::format("{0} {0} 3 127.0.0.1 4321\n", rank));
  fs::remove_all(folder);
}

TEST(Launcher, OneThatFailsEndsTheOthersAndGivesTheCode) {
  EXPECT_LT(seconds_of([] {
              EXPECT_EQ(launch({.processes = 3}, shell("if [ $RANK = 1 ]; then exit 5; fi; exec sleep 60")), 5);
            }),
            10.0);
  EXPECT_EQ(launch({.processes = 2}, shell("if [ $RANK = 1 ]; then kill -9 $$; fi; exec sleep 60")), 128 + SIGKILL);
  EXPECT_EQ(launch({.processes = 2}, {"/no/such/program"}), 127);
  EXPECT_THROW(launch({.processes = 0}, shell("true")), UserError);
}

TEST(Launcher, PassesSignalsOn) {
  const pid_t pid = fork();
  if (pid == 0) _exit(launch({.processes = 2}, {"sleep", "60"}));
  usleep(300'000);
  kill(pid, SIGTERM);
  int status = 0;
  EXPECT_LT(seconds_of([&] { waitpid(pid, &status, 0); }), 10.0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

}  // namespace
}  // namespace r1::parallel
