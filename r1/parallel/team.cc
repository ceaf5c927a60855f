// Starting, joining, ending (team.h).
#include "r1/parallel/team.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "r1/parallel/children.h"

namespace r1::parallel {

namespace {

constexpr double kJoinSeconds = 60;               // for a program to start
constexpr std::chrono::seconds kEndSeconds{10};  // for it to end

World world_of(const LaunchConfig& config) {
  World world;
  world.size = config.processes;
  world.master_port = config.master_port;
  world.timeout_seconds = config.timeout;
  world.join_seconds = std::min<double>(kJoinSeconds, config.timeout);
  return world;
}

}  // namespace

Team::Team(const LaunchConfig& asked, const std::vector<std::string>& command, bool with_nccl) {
  LaunchConfig config = asked;
  if (config.master_port == 0) config.master_port = free_port();
  sigset_t none;
  sigemptyset(&none);
  children_ = std::make_unique<Children>(config, 1, command, none);
  try {
    group_ = std::make_unique<ProcessGroup>(world_of(config), with_nccl);
  } catch (...) {
    children_->send(SIGKILL);
    throw;
  }
}

Team::~Team() {
  group_.reset();
  const auto end = std::chrono::steady_clock::now() + kEndSeconds;
  for (children_->reap(); children_->any(); children_->reap()) {
    if (std::chrono::steady_clock::now() > end) children_->send(SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace r1::parallel
