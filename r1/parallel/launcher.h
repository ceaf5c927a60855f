// Several copies of one command on this machine, told who they are by the environment variables of world.h.
#pragma once

#include <string>
#include <vector>

namespace r1::parallel {

struct LaunchConfig {
  int processes = 1;
  int master_port = 0;  // 0: one that is free
  int timeout = 600;    // seconds that one process waits for another
};

/// A port of this machine that nothing listens at now. UserError without one.
int free_port();

/// Runs `command` (command[0]: a program, searched in PATH) in config.processes processes, each on its share of the
/// cores, until all have ended. SIGINT and SIGTERM go to all of them; when one fails the others are ended. Returns the
/// exit code of the first that failed (128 + its signal), else 0.
int launch(const LaunchConfig& config, const std::vector<std::string>& command);

}  // namespace r1::parallel
