// What programs may do and what happens to those that do more; every test under each isolation this machine allows.
#include "r1/reward/code/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "r1/core/error.h"
#include "tests/reward/code/isolations.h"

namespace r1::reward {
namespace {

using End = ProgramResult::End;
using testing::HasSubstr;

class SandboxTest : public IsolationTest {};

INSTANTIATE_TEST_SUITE_P(Isolations, SandboxTest, testing::Values("bubblewrap", "process"), isolation_name);

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_P(SandboxTest, RunsExpressionsAndBlocks) {
  Sandbox sandbox(config_);
  const ProgramResult expression = sandbox.run("x * 2 + 1", "[3, 4.5, -1]");
  ASSERT_EQ(expression.end, End::Finished) << expression.why;
  ASSERT_EQ(expression.calls.size(), 3u);
  EXPECT_EQ(expression.calls[0].value, "7");
  EXPECT_EQ(expression.calls[1].value, "10.0");
  EXPECT_EQ(expression.calls[2].value, "-1");
  const ProgramResult block =
      sandbox.run("import math\ndef f(x):\n  return [math.gcd(*x), 'ok', None, x[0] > 1]", "[[12, 18]]");
  ASSERT_EQ(block.end, End::Finished) << block.why;
  EXPECT_EQ(block.calls[0].value, R"([6,"ok",null,true])");
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, KeepsWhatIsPrintedUpToTheLimit) {
  config_.output_bytes = 10;
  Sandbox sandbox(config_);
  const ProgramResult little = sandbox.run("print('hi') or x", "[1]");
  EXPECT_EQ(little.output, "hi\n");
  EXPECT_FALSE(little.output_cut);
  const ProgramResult flood = sandbox.run("def f(x):\n  for i in range(2000): print('y' * 1000)\n  return x", "[1]");
  EXPECT_EQ(flood.end, End::Finished) << flood.why;
  EXPECT_EQ(flood.output, std::string(10, 'y'));
  EXPECT_TRUE(flood.output_cut);
  EXPECT_EQ(flood.calls[0].value, "1");
}

TEST_P(SandboxTest, SaysWhyThereIsNoResult) {
  Sandbox sandbox(config_);
  EXPECT_EQ(sandbox.run("x +", "[1]").end, End::SyntaxError);
  EXPECT_EQ(sandbox.run("def f(x): return (", "[1]").end, End::SyntaxError);
  EXPECT_EQ(sandbox.run(std::string("x\0", 2), "[1]").end, End::SyntaxError);
  EXPECT_EQ(sandbox.run(std::string(5000, '('), "[1]").end, End::SyntaxError);
  EXPECT_EQ(sandbox.run("g = 3", "[1]").end, End::NoFunction);
  const ProgramResult raised = sandbox.run("y = 1 / 0", "[1]");
  EXPECT_EQ(raised.end, End::Raised);
  EXPECT_EQ(raised.why, "ZeroDivisionError: division by zero");
  const ProgramResult some = sandbox.run("10 // x", "[0, 5]");
  ASSERT_EQ(some.end, End::Finished);
  EXPECT_THAT(some.calls[0].error, HasSubstr("ZeroDivisionError"));
  EXPECT_EQ(some.calls[1].value, "2");
  EXPECT_THAT(sandbox.run("{x}", "[1]").calls[0].error, HasSubstr("type set can't be compared"));
  EXPECT_THAT(sandbox.run("float('nan')", "[1]").calls[0].error, HasSubstr("ValueError"));
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, EndlessProgramsTimeOut) {
  config_.wall_seconds = 0.5;
  Sandbox sandbox(config_);
  (void)sandbox.run("x", "[1]");
  for (const char* endless : {"while True: pass", "import time\ntime.sleep(1000)",
                              "import os\nos.close(1)\nos.close(2)\nos.close(3)\nwhile True: pass"}) {
    ProgramResult result;
    EXPECT_LT(seconds_of([&] { result = sandbox.run(endless, "[1]"); }), 2.5) << endless;
    EXPECT_EQ(result.end, End::TimedOut) << endless;
    EXPECT_EQ(result.why, "no end within 0.5 s") << endless;
  }
  EXPECT_EQ(sandbox.run("x", "[1]").end, End::Finished);
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, CpuTimeHasItsOwnLimit) {
  config_.wall_seconds = 20.0;
  Sandbox sandbox(config_);
  const ProgramResult result = sandbox.run("while True: pass", "[1]");
  EXPECT_EQ(result.end, End::TimedOut);
  EXPECT_EQ(result.why, "no end within 1 s of CPU time");
}

TEST_P(SandboxTest, EatingMemoryAndDyingAreTold) {
  Sandbox sandbox(config_);
  EXPECT_EQ(sandbox.run("len(bytearray(10**10))", "[1]").end, End::OutOfMemory);
  EXPECT_EQ(sandbox.run("y = []\nwhile True: y.append('x' * 1000000)", "[1]").end, End::OutOfMemory);
  const ProgramResult left = sandbox.run("import os\nos._exit(3)", "[1]");
  EXPECT_EQ(left.end, End::Died);
  EXPECT_EQ(left.why, "exited with code 3, no result");
  EXPECT_EQ(sandbox.run("import ctypes\nctypes.string_at(0)", "[1]").why, "ended by signal 11 (Segmentation fault)");
  EXPECT_EQ(sandbox.run("'x' * 3000000", "[1]").why, "its results are longer than 1 MiB");
  EXPECT_EQ(sandbox.run("x", "[1]").end, End::Finished);
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, ForgedReportsAreRead) {
  Sandbox sandbox(config_);
  const auto forge = [&](const std::string& report) {
    return sandbox.run("import os\nos.write(3, " + report + ")\nos._exit(0)", "[1]");
  };
  EXPECT_EQ(forge("b'nonsense'").end, End::Died);
  EXPECT_EQ(forge(R"(b'{"end": "finished", "calls": []}')").end, End::Died);
  EXPECT_EQ(forge(R"(b'{"end": "finished", "calls": [{"value": ' + b'[' * 60000 + b']' * 60000 + b'}]}')").end,
            End::Died);  // nesting that would overflow a stack
  EXPECT_EQ(forge(R"(b'{"end": "finished", "calls": [{"value": 7}]}')").calls.at(0).value, "7");  // its own guess
}

TEST_P(SandboxTest, NoProcessesThreadsSocketsOrSignals) {
  Sandbox sandbox(config_);
  for (const char* program : {"import os\nwhile True: os.fork()", "import os\nos.kill(os.getppid(), 9)",
                              "import os\nos.execv('/bin/sh', ['sh'])", "import socket\nsocket.socket()",
                              "import subprocess\nsubprocess.run(['/bin/ls'])",
                              "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (100, 100))"}) {
    const ProgramResult result = sandbox.run(program, "[1]");
    EXPECT_EQ(result.end, End::Raised) << program;
    EXPECT_THAT(result.why, testing::AnyOf(HasSubstr("Operation not permitted"), HasSubstr("not allowed"))) << program;
  }
  EXPECT_THAT(sandbox.run("import threading\nthreading.Thread(target=print).start()", "[1]").why,
              HasSubstr("can't start new thread"));
  EXPECT_EQ(sandbox.run("x", "[1]").end, End::Finished);
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, ProgramsLeaveNothingToTheNext) {
  Sandbox sandbox(config_);
  const char* leave =
      "import os\nopen('a', 'w').write('x')\nos.makedirs('../b/c')\nimport json\njson.loads = None\ndef f(x): return 1";
  ASSERT_EQ(sandbox.run(leave, "[1]").end, End::Finished);
  EXPECT_EQ(sandbox.run("__import__('os').listdir('.') + sorted(__import__('os').listdir('..'))", "[1]").calls[0].value,
            R"(["2"])");
  EXPECT_EQ(sandbox.run("__import__('json').loads('7')", "[1]").calls[0].value, "7");
  EXPECT_EQ(sandbox.num_starts(), 1);
  // Too deep to be removed: the sandbox itself is replaced.
  (void)sandbox.run("import os\nfor i in range(1200):\n  os.mkdir('a')\n  os.chdir('a')", "[1]");
  EXPECT_EQ(sandbox.run("len(__import__('os').listdir('..'))", "[1]").calls[0].value, "1");
  EXPECT_EQ(sandbox.num_starts(), 2);
}

TEST_P(SandboxTest, ResultsDoNotDependOnTheServer) {
  const auto order = [&] {
    Sandbox sandbox(config_);
    return sandbox.run("list({'a', 'b', 'c', 'd', 'e'}) + [__import__('random').random()]", "[1]").calls.at(0).value;
  };
  EXPECT_EQ(order(), order());
}

TEST_P(SandboxTest, ManyThreadsMayAsk) {
  Sandbox sandbox(config_);
  std::vector<std::string> values(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) values[t] = sandbox.run("x + " + std::to_string(t), "[10]").calls.at(0).value;
    });
  for (std::thread& thread : threads) thread.join();  // the thread that started the server is gone from here on
  EXPECT_EQ(values, (std::vector<std::string>{"10", "11", "12", "13"}));
  EXPECT_EQ(sandbox.run("x", "[1]").end, End::Finished);
  EXPECT_EQ(sandbox.num_starts(), 1);
}

TEST_P(SandboxTest, MegabytesPass) {
  Sandbox sandbox(config_);
  const ProgramResult result = sandbox.run("len('" + std::string(3'000'000, 'q') + "') + x", "[1]");
  ASSERT_EQ(result.end, End::Finished) << result.why;
  EXPECT_EQ(result.calls[0].value, "3000001");
}

TEST(BubblewrapTest, ShowsNoFilesAndNoNetwork) {
  if (bubblewrap_fails()) GTEST_SKIP() << *bubblewrap_fails();
  Sandbox sandbox(SandboxConfig{});
  EXPECT_THAT(sandbox.run("open('/etc/passwd').read()", "[1]").calls.at(0).error, HasSubstr("No such file"));
  EXPECT_EQ(sandbox.run("sorted(__import__('os').listdir('/'))", "[1]").calls.at(0).value,
            R"(["dev","lib","lib64","tmp","usr"])");
  EXPECT_THAT(sandbox.run("open('/usr/x', 'w')", "[1]").calls.at(0).error, HasSubstr("Read-only file system"));
  EXPECT_THAT(sandbox.run("open('/x', 'w')", "[1]").calls.at(0).error, HasSubstr("Read-only file system"));
  EXPECT_EQ(sandbox.run("__import__('os').uname().nodename", "[1]").calls.at(0).value, "\"sandbox\"");
  EXPECT_EQ(sandbox.run("__import__('os').getppid() < 10", "[1]").calls.at(0).value, "true");  // its own process ids
}

TEST(SandboxConfigTest, MistakesAreToldAtOnce) {
  EXPECT_THROW(Sandbox({.isolation = "docker"}), UserError);
  EXPECT_THROW(Sandbox({.wall_seconds = 0.0}), UserError);
  EXPECT_THROW(Sandbox({.cpu_seconds = 0}), UserError);
  EXPECT_THROW(Sandbox({.memory_bytes = 1 << 20}), UserError);
}

TEST(SandboxConfigTest, AMissingInterpreterIsNamed) {
  Sandbox sandbox({.isolation = "process", .python = "/usr/bin/no-such-python"});
  try {
    (void)sandbox.run("x", "[1]");
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("/usr/bin/no-such-python"));
    EXPECT_THAT(e.what(), HasSubstr("reward.rules.code.python"));
  }
}

TEST(SandboxConfigTest, AFailingBubblewrapNamesTheWayOut) {
  // Whether bwrap is missing, has no namespaces or, as here, no such interpreter: one line that says what to set.
  Sandbox sandbox({.python = "/usr/bin/no-such-python"});
  try {
    (void)sandbox.run("x", "[1]");
    FAIL() << "no error";
  } catch (const UserError& e) {
    EXPECT_THAT(e.what(), HasSubstr("reward.rules.code.isolation to \"process\""));
    EXPECT_THAT(e.what(), HasSubstr("bwrap"));
  }
}

}  // namespace
}  // namespace r1::reward
