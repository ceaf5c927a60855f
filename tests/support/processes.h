// Tests of several processes: forks them, each on a core of its own, with a World that lets them meet. The test itself
// must not have used libtorch's or our threads before, as a fork takes none of them along.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "r1/parallel/launcher.h"
#include "r1/parallel/world.h"

namespace r1::test {

/// How one process ended: 0, 1 (an exception, whose text is `error`) or 3 (an expectation of its own failed).
struct Ended {
  int code = 0;
  std::string error;
};

inline int run_child(const std::function<void(const parallel::World&)>& work, const parallel::World& world,
                     int errors) {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<std::size_t>(world.rank % static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))), &core);
  sched_setaffinity(0, sizeof(core), &core);
  try {
    work(world);
    return ::testing::Test::HasFailure() ? 3 : 0;
  } catch (const std::exception& e) {
    const std::string text = e.what();
    return write(errors, text.data(), text.size()) < 0 ? 2 : 1;
  }
}

/// work(world) in processes of ranks [0, size), by rank. `world_size`: what they are told, where some never come.
inline std::vector<Ended> run_processes(int size, double timeout_seconds,
                                        const std::function<void(const parallel::World&)>& work, int world_size = 0) {
  parallel::World world;
  world.size = world_size == 0 ? size : world_size;
  world.timeout_seconds = timeout_seconds;
  world.master_port = parallel::free_port();
  struct Child {
    pid_t pid;
    int errors;
  };
  std::vector<Child> children;
  for (world.rank = 0; world.rank < size; ++world.rank) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    const pid_t pid = fork();
    if (pid == 0) _exit(run_child(work, world, ends[1]));
    close(ends[1]);
    children.push_back({pid, ends[0]});
  }
  std::vector<Ended> all;
  for (const Child& child : children) {
    Ended ended;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = read(child.errors, chunk.data(), chunk.size())) > 0;)
      ended.error.append(chunk.data(), static_cast<std::size_t>(got));
    close(child.errors);
    int status = 0;
    waitpid(child.pid, &status, 0);
    ended.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    all.push_back(ended);
  }
  return all;
}

inline void expect_all_well(const std::vector<Ended>& all) {
  for (const Ended& one : all) EXPECT_EQ(one.code, 0) << one.error;
}

}  // namespace r1::test
