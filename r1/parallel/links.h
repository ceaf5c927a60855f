// What a process group is made of: a key-value store that rank 0 serves (c10d's TCPStore), Gloo for tensors on the CPU
// and NCCL for those on a GPU. Internal to this module: others use process_group.h and collectives.h.
#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "r1/parallel/world.h"

namespace r1::parallel {

struct Links {
  Links(const World& world, bool with_nccl);
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// Sums contiguous `x` over all processes, in place: float64, float32, bfloat16, int64 or bytes. UserError that names
  /// the missing processes; after it the group is of no use.
  void all_reduce_sum(at::Tensor& x, const std::string& what);
  /// Waits, for some seconds at most, until the others are done too: rank 0 serves the store, and no connection may
  /// break under one that still reads.
  void say_goodbye();

 private:
  void wait_for_all();
  std::vector<int> silent_in(const std::string& stem, double seconds);
  std::vector<int> behind();
  [[noreturn]] void fail(const std::string& what, const std::exception& cause);

  World world_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::Backend> gloo_, nccl_;
  std::int64_t begun_ = 0;  // collectives
  bool failed_ = false;
};

}  // namespace r1::parallel
