// A child process with limits: wall-clock, CPU seconds, memory, output size. For anything that may hang, crash or eat
// memory (reward scorers, user code). Isolation from files and network is the sandbox's matter (reward/code), not this
// file's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace r1::core {

struct SubprocessLimits {
  double wall_seconds = 10.0;              // killed (SIGKILL, whole process group) after this
  std::int64_t cpu_seconds = 10;           // RLIMIT_CPU
  std::int64_t memory_bytes = 1LL << 30;   // RLIMIT_AS; 0 = no limit
  std::int64_t output_bytes = 1LL << 20;   // output past this is dropped and `truncated` set
};

struct SubprocessResult {
  enum class End { Exited, Signaled, TimedOut };
  End end = End::Exited;
  int exit_code = 0;  // End::Exited
  int signal = 0;     // End::Signaled
  bool truncated = false;
  std::string out;
  std::string err;
};

/// Runs argv (argv[0] searched in PATH) with `input` on its standard input. UserError when it can't be started.
SubprocessResult run_subprocess(const std::vector<std::string>& argv, const std::string& input,
                                const SubprocessLimits& limits);

}  // namespace r1::core
