// Threads of libtorch's own operators: one. The work is in our kernels (kernels/parallel.h); a second pool would only
// compete with theirs, and a sum cut over threads would depend on their number.
#pragma once

namespace r1::tensor {

/// Called by the model's constructor; cheap to call again.
void use_one_aten_thread();

}  // namespace r1::tensor
