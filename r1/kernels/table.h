// The kernels of one device as a table of functions, so that an op checks, records its gradient and calls one name
// wherever its tensors lie. Pointers in the arguments are that device's. A null entry is an op that the device computes
// in another way (the CPU by its own functions, a GPU by libtorch's products and attention).
#pragma once

#include <cstddef>
#include <cstdint>

#include "r1/kernels/adamw.h"
#include "r1/kernels/attention.h"
#include "r1/kernels/logprob.h"
#include "r1/kernels/mla_rope.h"
#include "r1/kernels/rmsnorm.h"
#include "r1/kernels/rope.h"
#include "r1/kernels/swiglu.h"

namespace r1::kernels {

/// norm of x + delta: `norm.x` and `delta` [rows, columns] contiguous; sum = x + delta in the storage type.
struct AddRmsNormArgs {
  RmsNormArgs norm;
  const void* delta = nullptr;
  void* sum = nullptr;
};
/// `base.x` is the sum; base.dx = dsum + the norm's gradient (dsum may be null).
struct AddRmsNormBackwardArgs {
  RmsNormBackwardArgs base;  // base.dweight stays null
  const void* dsum = nullptr;
  void* dweight = nullptr;  // [columns] in the storage type
};

/// LogprobArgs and the gradient of logp with respect to the logits, (one-hot - p) / temperature, in bf16; rows without
/// a target get zeros.
struct LogprobGradientArgs {
  LogprobArgs forward;
  void* gradient = nullptr;  // [rows, vocab] bf16, contiguous
};

/// One token a row by inverse cumulative distribution of softmax(logits / temperature); the random number is the
/// caller's. Ids of `banned` have no mass in rows whose flag is set.
struct SampleArgs {
  std::int64_t rows = 0, vocab = 0;
  const float* logits = nullptr;  // [rows, vocab], contiguous
  float temperature = 1.0f;  // 0: greedy, the lowest id among the best
  const float* uniform = nullptr;  // [rows], in [0, 1)
  const std::int64_t* banned = nullptr;  // [num_banned]
  std::int64_t num_banned = 0;
  const std::uint8_t* bans = nullptr;  // [rows]
  std::int64_t* token = nullptr;  // [rows]
  float* log_kept_mass = nullptr;  // [rows]: log of the mass that the banned ids left
};

struct SquaredNormParts {
  std::int64_t count = 0;
  const void* x = nullptr;
  DType dtype = DType::F32;
  double* parts = nullptr;  // [kNormParts], overwritten; their sum is the squared norm
};
inline constexpr std::int64_t kNormParts = 128;

struct Table {
  void (*rmsnorm)(const RmsNormArgs&) = nullptr;
  void (*swiglu)(const SwigluArgs&) = nullptr;
  void (*swiglu_backward)(const SwigluBackwardArgs&) = nullptr;
  void (*mla_rope)(const MlaRopeArgs&) = nullptr;
  void (*mla_rope_backward)(const MlaRopeBackwardArgs&) = nullptr;
  void (*rotate)(const RotateArgs&) = nullptr;
  void (*attention)(const AttentionArgs&) = nullptr;
  void (*logprob)(const LogprobArgs&) = nullptr;
  void (*logprob_backward)(const LogprobBackwardArgs&) = nullptr;
  // Device only.
  void (*add_rmsnorm)(const AddRmsNormArgs&) = nullptr;
  void (*add_rmsnorm_backward)(const AddRmsNormBackwardArgs&) = nullptr;
  void (*slot_swiglu_backward)(const SlotSwigluBackwardArgs&) = nullptr;
  void (*rope_halves)(const RopeHalvesArgs&) = nullptr;
  void (*qkv_rope)(const QkvRopeArgs&) = nullptr;
  void (*qkv_rope_backward)(const QkvRopeBackwardArgs&) = nullptr;
  void (*logprob_gradient)(const LogprobGradientArgs&) = nullptr;
  void (*sample)(const SampleArgs&) = nullptr;
  void (*adamw)(const AdamWArgs* args, std::size_t count) = nullptr;  // many parameters at once
  void (*squared_norms)(const SquaredNormParts* args, std::size_t count) = nullptr;
  // Work recorded once and replayed (tensor/device_graph.h): record runs `work` twice, the second time recording.
  void* (*record)(void (*work)(const void* context), const void* context) = nullptr;
  void (*replay)(void* graph) = nullptr;
  void (*release)(void* graph) = nullptr;
};

/// The CPU's table (cpu/table.cc).
const Table& cpu_table();

}  // namespace r1::kernels
