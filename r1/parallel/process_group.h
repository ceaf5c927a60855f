// The processes that train together, connected. No torch type here: tensors are summed by collectives.h. Every wait
// ends: with all processes there, or with one line that names those that are not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "r1/parallel/world.h"

namespace r1::parallel {

struct Links;

class ProcessGroup {
 public:
  /// Waits until all processes of `world` are there. `with_nccl`: for tensors on a GPU too. UserError when one does not
  /// come within world.timeout_seconds.
  ProcessGroup(const World& world, bool with_nccl);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  int rank() const { return world_.rank; }
  int size() const { return world_.size; }

  /// Every process passes it only when all have come. `what` names it in the error of one that waits in vain.
  void barrier(const std::string& what);
  /// The strings of all processes, by rank. For a few kilobytes.
  std::vector<std::string> all_gather(const std::string& mine, const std::string& what);

  Links& links() { return *links_; }

 private:
  World world_;
  std::unique_ptr<Links> links_;
};

/// The group that the environment describes (world.h); null for a single process.
std::unique_ptr<ProcessGroup> join_from_environment(bool with_nccl);

}  // namespace r1::parallel
