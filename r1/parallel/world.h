// Who this process is among those that train together, as torchrun, `r1 launch` or a hand-written script say it in the
// environment. No torch type here, and no connection: that is process_group.h.
#pragma once

#include <string>

namespace r1::parallel {

struct World {
  int rank = 0;        // RANK: 0 .. size - 1; rank 0 writes files, metrics and the log
  int size = 1;        // WORLD_SIZE
  int local_rank = 0;  // LOCAL_RANK: among the processes of this machine; chooses the GPU
  std::string master_addr = "127.0.0.1";  // MASTER_ADDR: where rank 0 runs
  int master_port = 29500;                // MASTER_PORT: free on that machine
  std::string outside_store;  // not empty: torchrun's own process serves the store there, under this prefix
  double timeout_seconds = 600;  // R1_COLLECTIVE_TIMEOUT: how long one process waits for another
};

/// From the environment. Without WORLD_SIZE: one process. UserError on variables that are missing or make no sense.
World world_from_environment();

/// UserError when WORLD_SIZE says that this process is one of several: for what runs in one only.
void refuse_many_processes(const std::string& what);

/// Leaves the GPU of LOCAL_RANK as the only one that CUDA will show, so that device 0 is this process's own everywhere.
/// Must come before CUDA starts. Nothing happens with one process, or where each process is given one GPU already.
void choose_local_gpu();

}  // namespace r1::parallel
