// Child processes of one command, one a rank, told who they are by the environment variables of world.h. Internal to
// this module: launcher.h and team.h are what others use.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "r1/parallel/launcher.h"

namespace r1::parallel {

class Children {
 public:
  /// Starts ranks [first, config.processes), which share this process's terminal and streams, each on its share of the
  /// cores and with the signal mask `signals`. They get SIGTERM when the calling thread ends. UserError when the system
  /// refuses.
  Children(const LaunchConfig& config, int first, const std::vector<std::string>& command, const sigset_t& signals);

  bool any() const { return !running_.empty(); }
  bool failed() const { return code_.has_value(); }
  /// Of the first that failed: its exit code, or 128 + its signal; 0 when none did.
  int code() const { return code_.value_or(0); }
  void send(int signal) const;
  /// Takes note of those that have ended.
  void reap();

 private:
  struct Child {
    pid_t pid;
    int rank;
  };
  std::vector<Child> running_;
  std::optional<int> code_;
};

}  // namespace r1::parallel
