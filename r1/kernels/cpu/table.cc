// The CPU's kernels as a table (kernels/table.h); the entries that only a GPU has stay null.
#include "r1/kernels/table.h"

namespace r1::kernels {

const Table& cpu_table() {
  static const Table kTable{.rmsnorm = rmsnorm,
                            .swiglu = swiglu,
                            .swiglu_backward = swiglu_backward,
                            .mla_rope = mla_rope,
                            .mla_rope_backward = mla_rope_backward,
                            .rotate = rotate,
                            .attention = attention,
                            .logprob = logprob,
                            .logprob_backward = logprob_backward};
  return kTable;
}

}  // namespace r1::kernels
