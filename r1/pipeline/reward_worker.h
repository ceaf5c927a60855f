// The door of main() to reward workers (reward/worker.h): cli does not include reward.
#pragma once

#include <optional>

namespace r1::pipeline {

/// When this process was started as a reward worker: serves until its parent closes the socket and returns the exit
/// code.
std::optional<int> run_as_reward_worker(int argc, char** argv);

}  // namespace r1::pipeline
