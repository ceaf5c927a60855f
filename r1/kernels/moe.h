// Routing of a mixture of experts and the movement of tokens to and from experts: DeepSeek-V3's sigmoid router (eq.
// 12-16), and the softmax router of DeepSeek-V2 (section 2.2) and Qwen3-MoE. Ties go to the lowest expert id; a token's
// experts are summed in slot order, so the result of a token depends on that token alone.
#pragma once

#include <cstdint>

#include "r1/kernels/dtype.h"

namespace r1::kernels {

enum class RouteScoring { Sigmoid, Softmax };  // of a token's logits

struct RouteConfig {
  std::int64_t experts = 0, top_k = 0, groups = 1, top_groups = 1;
  std::int64_t group_best = 2;  // a group's score: the sum of its `group_best` best choices, 1 or 2
  RouteScoring scoring = RouteScoring::Sigmoid;
  bool normalize = true;
  float scale = 1.0f;
};

/// scores = sigmoid or softmax of the logits; selection by scores + bias inside the best groups; weights are the
/// unbiased scores of the chosen, normalised and scaled.
struct RouteArgs {
  RouteConfig config;
  std::int64_t tokens = 0;
  const float* logits = nullptr;  // [T, E]
  const float* bias = nullptr;  // [E] or null: none
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
