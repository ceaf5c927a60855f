// DeepSeekMoE's routing and the movement of tokens to and from experts (DeepSeek-V3 eq. 12-16). Ties go to the lowest
// expert id; a token's experts are summed in slot order, so the result of a token depends on that token alone.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

struct RouteConfig {
  std::int64_t experts = 0, top_k = 0, groups = 1, top_groups = 1;
  bool normalize = true;
  float scale = 1.0f;
};

/// scores = sigmoid(logits); selection by scores + bias inside the best groups (a group's score: its two best choices);
/// weights are the unbiased scores of the chosen, normalised and scaled.
struct RouteArgs {
  RouteConfig config;
  std::int64_t tokens = 0;
  const float* logits = nullptr;  // [T, E]
  const float* bias = nullptr;  // [E]
  float* scores = nullptr;  // [T, E]
  std::int32_t* experts = nullptr;  // [T, K]
  float* weights = nullptr;  // [T, K]
};
void route(const RouteArgs& args);

struct RouteBackwardArgs {
  RouteConfig config;
  std::int64_t tokens = 0;
  const float* scores = nullptr;
  const std::int32_t* experts = nullptr;
  const float* dweights = nullptr;  // [T, K]
  const float* dscores = nullptr;  // [T, E] or null
  float* dlogits = nullptr;  // [T, E]
};
void route_backward(const RouteBackwardArgs& args);

/// y[i] = x[rows[i]]: token rows in expert order.
struct GatherRowsArgs {
  std::int64_t rows = 0, columns = 0;
  const void* x = nullptr;
  const std::int32_t* source = nullptr;  // [rows]
  void* y = nullptr;
  DType dtype = DType::F32;
};
void gather_rows(const GatherRowsArgs& args);

/// out[t] = sum over slots s of weights[t, s] * y[place[t, s]] (weights null: 1), in slot order, float32 inside.
struct CombineArgs {
  std::int64_t tokens = 0, top_k = 0, columns = 0;
  const void* y = nullptr;  // [T * K, columns]
  const std::int32_t* place = nullptr;  // [T, K]
  const float* weights = nullptr;  // [T, K]
  void* out = nullptr;  // [T, columns]
  DType dtype = DType::F32;
};
void combine(const CombineArgs& args);

/// dy[place[t, s]] = weights[t, s] * dout[t]; dweights[t, s] = <dout[t], y[place[t, s]]>.
struct CombineBackwardArgs {
  std::int64_t tokens = 0, top_k = 0, columns = 0;
  const void* y = nullptr;
  const std::int32_t* place = nullptr;
  const float* weights = nullptr;
  const void* dout = nullptr;
  void* dy = nullptr;
  float* dweights = nullptr;
  DType dtype = DType::F32;
};
void combine_backward(const CombineBackwardArgs& args);

}  // namespace r1::kernels
