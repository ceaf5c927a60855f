// Threads of libtorch's operators (threads.h).
#include "r1/tensor/threads.h"

#include <ATen/Parallel.h>

namespace r1::tensor {

void use_one_aten_thread() {
  if (at::get_num_threads() != 1) at::set_num_threads(1);
}

}  // namespace r1::tensor
