// One AdamW update of one tensor (Loshchilov & Hutter, decoupled weight decay), fused: FP32 master weights, moments in
// FP32.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

struct AdamWArgs {
  std::int64_t count = 0;
  float* master = nullptr;       // [count]
  void* parameter = nullptr;     // [count]; a BF16 copy to refresh, or null when the parameter is the master
  // In the master's place (GPU kernel only), 2 bytes instead of 4: its bits are (the parameter's << 16) + correction,
  // where the parameter is the master rounded to the nearest, halves away from zero.
  std::int16_t* correction = nullptr;
  const void* gradient = nullptr;
  DType gradient_dtype = DType::F32;
  float gradient_scale = 1.0f;  // clipping factor
  float* m = nullptr;
  float* v = nullptr;
  void* m_bf16 = nullptr;  // the moments in bf16 in their place (GPU kernel only)
  void* v_bf16 = nullptr;
  float learning_rate = 0.0f, beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f, weight_decay = 0.0f;
  float bias_correction1 = 1.0f, bias_correction2 = 1.0f;  // 1 - beta^step
};
void adamw(const AdamWArgs& args);

/// Sum of squares of a gradient: double over blocks of 4096 elements in order, so independent of threads.
struct SquaredNormArgs {
  std::int64_t count = 0;
  const void* x = nullptr;
  DType dtype = DType::F32;
  double* sum = nullptr;  // overwritten
};
void squared_norm(const SquaredNormArgs& args);

}  // namespace r1::kernels
