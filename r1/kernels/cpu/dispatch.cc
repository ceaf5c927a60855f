// Chooses the kernels' build for the machine at hand: AVX-512 (x86-64-v4) where there is one, else AVX2 + FMA
// (x86-64-v3). Both give the same bits for the same inputs, so the choice is about speed only.
#include <stdexcept>

#include "r1/kernels/adamw.h"
#include "r1/kernels/attention.h"
#include "r1/kernels/gemm.h"
#include "r1/kernels/logprob.h"
#include "r1/kernels/mla_rope.h"
#include "r1/kernels/moe.h"
#include "r1/kernels/rmsnorm.h"
#include "r1/kernels/swiglu.h"

namespace r1::kernels {

namespace {

bool detect_avx512() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return true;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    throw std::runtime_error("this CPU has neither AVX-512 nor AVX2 with FMA; r1 needs an x86-64-v3 machine");
  return false;
}

bool use_avx512() {
  static const bool kYes = detect_avx512();
  return kYes;
}

}  // namespace

std::int64_t packed_size(std::int64_t k, std::int64_t n) { return k * ((n + 31) / 32 * 32); }

#define R1_DISPATCH(op, Args) \
  namespace avx2 {            \
  void op(const Args& args);  \
  }                           \
  namespace avx512 {          \
  void op(const Args& args);  \
  }                           \
  void op(const Args& args) { (use_avx512() ? avx512::op : avx2::op)(args); }

R1_DISPATCH(pack, PackArgs)
R1_DISPATCH(gemm, GemmArgs)
R1_DISPATCH(rmsnorm, RmsNormArgs)
R1_DISPATCH(rmsnorm_backward, RmsNormBackwardArgs)
R1_DISPATCH(swiglu, SwigluArgs)
R1_DISPATCH(swiglu_backward, SwigluBackwardArgs)
R1_DISPATCH(mla_rope, MlaRopeArgs)
R1_DISPATCH(mla_rope_backward, MlaRopeBackwardArgs)
R1_DISPATCH(rotate, RotateArgs)
R1_DISPATCH(attention, AttentionArgs)
R1_DISPATCH(write_key_panels, WriteKeyPanelsArgs)
R1_DISPATCH(attention_backward, AttentionBackwardArgs)
R1_DISPATCH(route, RouteArgs)
R1_DISPATCH(route_backward, RouteBackwardArgs)
R1_DISPATCH(gather_rows, GatherRowsArgs)
R1_DISPATCH(combine, CombineArgs)
R1_DISPATCH(combine_backward, CombineBackwardArgs)
R1_DISPATCH(logprob, LogprobArgs)
R1_DISPATCH(logprob_backward, LogprobBackwardArgs)
R1_DISPATCH(adamw, AdamWArgs)
R1_DISPATCH(squared_norm, SquaredNormArgs)

}  // namespace r1::kernels
