// A conversation with a child, its deadlines, and what the child does not inherit.
#include "r1/reward/code/server_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "r1/core/error.h"

namespace r1::reward {
namespace {

using Answer = ServerProcess::Answer;

constexpr const char* kPrelude = R"(
import os, resource, struct, sys, time
def say(text):
    os.write(1, struct.pack("<I", len(text)) + text.encode())
def hear():
    return os.read(0, struct.unpack("<I", os.read(0, 4))[0]).decode()
)";

std::unique_ptr<ServerProcess> python(const std::string& program) {
  return std::make_unique<ServerProcess>(std::vector<std::string>{"/usr/bin/python3", "-S", "-c", kPrelude + program},
                                         std::vector<std::string>{"WHO=r1"});
}

ServerProcess::Clock::time_point in_seconds(double s) {
  return ServerProcess::Clock::now() + std::chrono::milliseconds(static_cast<int>(s * 1000));
}

std::string greeting_of(ServerProcess& server) {
  std::string text;
  EXPECT_EQ(server.receive(in_seconds(60), text), Answer::Message) << server.complaints();
  return text;
}

TEST(ServerProcessTest, Converses) {
  const auto server = python("say('hello ' + os.environ['WHO'])\nwhile True: say('you said ' + hear())");
  EXPECT_EQ(greeting_of(*server), "hello r1");
  std::string reply;
  for (const char* word : {"one", "two"}) {
    EXPECT_EQ(server->ask(word, in_seconds(60), reply), Answer::Message);
    EXPECT_EQ(reply, std::string("you said ") + word);
  }
}

TEST(ServerProcessTest, InheritsNoFilesAndNoAllowanceOfCpuTime) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_CPU, &before), 0);
  const rlimit lower{100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_CPU, &lower), 0);
  const int open_file = dup(STDERR_FILENO);  // stays open across exec
  const auto server = python(
      "soft, hard = resource.getrlimit(resource.RLIMIT_CPU)\n"
      "extra = [fd for fd in range(3, 1000) if os.path.exists(f'/proc/self/fd/{fd}')]\n"
      "say(f'{soft == hard} {extra}')\nhear()");
  EXPECT_EQ(greeting_of(*server), "True []");
  close(open_file);
  setrlimit(RLIMIT_CPU, &before);
}

TEST(ServerProcessTest, SilenceAndDeathAreToldApart) {
  std::string reply;
  const auto silent = python("say('up')\ntime.sleep(1000)");
  (void)greeting_of(*silent);
  EXPECT_EQ(silent->ask("?", in_seconds(0.05), reply), Answer::TimedOut);
  const auto dead = python("os.write(2, b'no\\nway\\n')\nsys.exit(1)");
  EXPECT_EQ(dead->receive(in_seconds(60), reply), Answer::Closed);
  EXPECT_EQ(dead->complaints(), "no way");
}

TEST(ServerProcessTest, DoesNotOutliveItsObject) {
  auto server = python("say(str(os.getpid()))\ntime.sleep(1000)");
  const pid_t pid = std::stoi(greeting_of(*server));
  EXPECT_EQ(kill(pid, 0), 0);
  server.reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(ServerProcessTest, OutlivesTheThreadThatMadeIt) {
  std::unique_ptr<ServerProcess> server;
  std::thread([&] { server = python("say('up')\nwhile True: say(hear())"); }).join();
  EXPECT_EQ(greeting_of(*server), "up");
  std::string reply;
  EXPECT_EQ(server->ask("still here", in_seconds(60), reply), Answer::Message);
  EXPECT_EQ(reply, "still here");
}

TEST(ServerProcessTest, AMissingProgramIsTheUsersMistake) {
  EXPECT_THROW(ServerProcess({"/no/such/program"}, {}), UserError);
}

}  // namespace
}  // namespace r1::reward
