// Sums of tensors over the processes of a group.
#pragma once

#include <string>
#include <vector>

#include "r1/parallel/process_group.h"
#include "r1/tensor/torch.h"

namespace r1::parallel {

/// Sums each of `tensors` over all processes, in place; every process must bring the same shapes and types (float64,
/// float32, bfloat16) in the same order, and gets the same bits. Neighbours of one type travel together in buckets of
/// some MiB. `what` names it in the error of a process that waits in vain.
void all_reduce_sum(ProcessGroup& group, const std::vector<at::Tensor>& tensors, const std::string& what);

/// The same for numbers on the host.
void all_reduce_sum(ProcessGroup& group, std::vector<double>& values, const std::string& what);

}  // namespace r1::parallel
