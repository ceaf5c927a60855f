// This process and others that it starts to share one piece of work with, as its rank 0: for a program that runs many
// pieces and shares some (a recipe's stages). No torch type here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/parallel/launcher.h"
#include "r1/parallel/process_group.h"

namespace r1::parallel {

class Children;

class Team {
 public:
  /// Starts ranks [1, config.processes) of `command` and waits until they have joined. UserError when one does not.
  Team(const LaunchConfig& config, const std::vector<std::string>& command, bool with_nccl);
  /// Ends those that still run.
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  ProcessGroup& group() { return *group_; }

 private:
  std::unique_ptr<Children> children_;
  std::unique_ptr<ProcessGroup> group_;
};

}  // namespace r1::parallel
