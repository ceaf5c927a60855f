// Children that answer, refuse to read, flood, hang, crash and leave grandchildren behind; each must end in time, and
// say how.
#include "r1/core/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "r1/core/error.h"
#include "r1/core/threads.h"

namespace r1::core {
namespace {

using End = SubprocessResult::End;

SubprocessResult shell(const std::string& script, const std::string& input = "", const SubprocessLimits& limits = {}) {
  return run_subprocess({"sh", "-c", script}, input, limits);
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Subprocess, ReturnsOutputErrorsAndExitCode) {
  const SubprocessResult result = shell("cat; echo bad >&2; exit 3", "in\n");
  EXPECT_EQ(result.end, End::Exited);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "in\n");
  EXPECT_EQ(result.err, "bad\n");
  EXPECT_FALSE(result.truncated);
}

TEST(Subprocess, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(run_subprocess({"printf", "%s|", "a b", "$HOME", "", "'"}, "", {}).out, "a b|$HOME||'|");
}

TEST(Subprocess, MovesMegabytesBothWaysWithoutADeadlock) {
  std::string input(8 << 20, 'x');
  for (std::size_t i = 0; i < input.size(); i += 61) input[i] = static_cast<char>('a' + i % 26);
  const SubprocessResult result = run_subprocess({"cat"}, input, {.output_bytes = 16 << 20});
  EXPECT_EQ(result.end, End::Exited);
  EXPECT_TRUE(result.out == input);
}

TEST(Subprocess, AChildThatDoesNotReadIsNoFailure) {
  const SubprocessResult result = shell("exec <&-; echo done", std::string(1 << 20, 'x'));
  EXPECT_EQ(result.end, End::Exited);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "done\n");
}

TEST(Subprocess, CutsOutputAtItsLimitAndLetsTheChildFinish) {
  const SubprocessResult result = shell("head -c 3000000 /dev/zero; echo end >&2", "", {.output_bytes = 1000});
  EXPECT_EQ(result.end, End::Exited);
  EXPECT_EQ(result.out, std::string(1000, '\0'));
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.err, "end\n");
}

TEST(Subprocess, KillsWhatHangsOrFloodsAndKeepsWhatItSaid) {
  for (const char* script : {"echo before; sleep 60", "echo before; yes"}) {
    SubprocessResult result;
    const double seconds = seconds_of([&] { result = shell(script, "", {.wall_seconds = 0.5, .output_bytes = 7}); });
    EXPECT_EQ(result.end, End::TimedOut) << script;
    EXPECT_EQ(result.out.substr(0, 7), "before\n") << script;
    EXPECT_LT(seconds, 5.0) << script;
  }
}

TEST(Subprocess, LeavesNoGrandchildAndNoZombie) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / fmt::format("grandchild_{}.pid", getpid());
  SubprocessResult result;
  // The grandchild holds the output pipe open; the call must end with the child all the same.
  const double seconds = seconds_of([&] { result = shell("sleep 60 & echo $! > " + file.string() + "; echo out"); });
  EXPECT_EQ(result.out, "out\n");
  EXPECT_LT(seconds, 5.0);
  pid_t grandchild = 0;
  std::ifstream(file) >> grandchild;
  ASSERT_GT(grandchild, 1);
  const auto is_running = [&] {
    std::string state;
    std::ifstream(fmt::format("/proc/{}/stat", grandchild)) >> state >> state >> state;
    return !state.empty() && state != "Z" && state != "X";
  };
  for (int i = 0; i < 200 && is_running(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(is_running());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child of this process was not reaped";
  std::filesystem::remove(file);
}

TEST(Subprocess, ReportsTheSignal) {
  const SubprocessResult result = shell("kill -SEGV $$");
  EXPECT_EQ(result.end, End::Signaled);
  EXPECT_EQ(result.signal, SIGSEGV);
}

TEST(Subprocess, HoldsTheMemoryLimit) {
  const std::vector<std::string> eat_100_mb = {"dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"};
  EXPECT_EQ(run_subprocess(eat_100_mb, "", {.memory_bytes = 1LL << 30}).exit_code, 0);
  const SubprocessResult refused = run_subprocess(eat_100_mb, "", {.memory_bytes = 64LL << 20});
  EXPECT_EQ(refused.end, End::Exited);
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, testing::HasSubstr("memory"));
}

TEST(Subprocess, SetsTheCpuLimit) { EXPECT_EQ(shell("ulimit -t", "", {.cpu_seconds = 7}).out, "7\n"); }

TEST(Subprocess, SaysWhyItCannotStart) {
  try {
    run_subprocess({"no-such-program-of-r1"}, "", {});
    FAIL() << "nothing was thrown";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(),
                testing::AllOf(testing::HasSubstr("no-such-program-of-r1"), testing::HasSubstr("No such file")));
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Subprocess, ManyAtOnceDoNotHoldEachOthersPipes) {
  std::vector<SubprocessResult> results(16);
  parallel_for(results.size(), 8, [&](std::size_t i) { results[i] = run_subprocess({"cat"}, std::to_string(i), {}); });
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].out, std::to_string(i));
}

}  // namespace
}  // namespace r1::core
