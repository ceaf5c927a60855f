// Routing and row movement of the mixture of experts (moe.h), token by token.
#include "r1/kernels/moe.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "r1/kernels/cpu/simd.h"
#include "r1/kernels/parallel.h"

namespace r1::kernels::R1_ISA {

namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// Index of the largest value; the lowest index wins a tie.
std::int64_t arg_max(const float* values, std::int64_t count) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < count; ++i)
    if (values[i] > values[best]) best = i;
  return best;
}

/// The sum of a group's `best` best choices, 1 or 2 (of one, where a group has one expert).
float group_score(const float* choice, std::int64_t size, std::int64_t best) {
  float first = kNever, second = kNever;
  for (std::int64_t i = 0; i < size; ++i) {
    if (choice[i] > first) {
      second = first;
      first = choice[i];
    } else if (choice[i] > second) {
      second = choice[i];
    }
  }
  return std::min(size, best) > 1 ? first + second : first;
}

/// Leaves only the best groups in `choice`; the others become -inf.
void keep_best_groups(const RouteConfig& c, std::vector<float>& choice, std::vector<float>& group_scores) {
  const std::int64_t size = c.experts / c.groups;
  for (std::int64_t g = 0; g < c.groups; ++g)
    group_scores[static_cast<std::size_t>(g)] = group_score(choice.data() + g * size, size, c.group_best);
  std::vector<bool> kept(static_cast<std::size_t>(c.groups), false);
  for (std::int64_t i = 0; i < c.top_groups; ++i) {
    const std::int64_t best = arg_max(group_scores.data(), c.groups);
    kept[static_cast<std::size_t>(best)] = true;
    group_scores[static_cast<std::size_t>(best)] = kNever;
  }
  for (std::int64_t g = 0; g < c.groups; ++g)
    if (!kept[static_cast<std::size_t>(g)]) std::fill_n(choice.begin() + g * size, size, kNever);
}

void sigmoid_row(const float* logits, float* scores, std::int64_t count) {
  for (std::int64_t e = 0; e < count; e += kLanes)
    store_some(scores + e, vsigmoid(load_some(logits + e, count - e)), count - e);
}

void softmax_row(const float* logits, float* scores, std::int64_t count) {
  V16 highest = splat(kNever), sum{};
  for (std::int64_t e = 0; e < count; e += kLanes) highest = vmax(highest, load_some(logits + e, count - e, kNever));
  const V16 top = splat(max_lanes(highest));
  for (std::int64_t e = 0; e < count; e += kLanes) {
    const V16 power = vexp(load_some(logits + e, count - e, kNever) - top);
    sum += power;
    store_some(scores + e, power, count - e);
  }
  const V16 total = splat(sum_lanes(sum));
  for (std::int64_t e = 0; e < count; e += kLanes)
    store_some(scores + e, load_some(scores + e, count - e) / total, count - e);
}

void route_token(const RouteArgs& a, std::int64_t t, std::vector<float>& choice, std::vector<float>& group_scores) {
  const RouteConfig& c = a.config;
  float* scores = a.scores + t * c.experts;
  (c.scoring == RouteScoring::Softmax ? softmax_row : sigmoid_row)(a.logits + t * c.experts, scores, c.experts);
  for (std::int64_t e = 0; e < c.experts; ++e)
    choice[static_cast<std::size_t>(e)] = a.bias != nullptr ? scores[e] + a.bias[e] : scores[e];
  if (c.groups > 1 && c.top_groups < c.groups) keep_best_groups(c, choice, group_scores);
  float sum = 0.0f;
  for (std::int64_t s = 0; s < c.top_k; ++s) {
    const std::int64_t best = arg_max(choice.data(), c.experts);
    choice[static_cast<std::size_t>(best)] = kNever;
    a.experts[t * c.top_k + s] = static_cast<std::int32_t>(best);
    sum += scores[best];
  }
  const float factor = c.normalize ? c.scale / (sum + 1e-20f) : c.scale;
  for (std::int64_t s = 0; s < c.top_k; ++s) a.weights[t * c.top_k + s] = scores[a.experts[t * c.top_k + s]] * factor;
}

/// Gradients of the scores -> gradients of the logits, in place.
void scores_backward(const RouteConfig& c, const float* scores, float* gradients) {
  if (c.scoring == RouteScoring::Sigmoid) {
    for (std::int64_t e = 0; e < c.experts; ++e) gradients[e] *= scores[e] * (1.0f - scores[e]);
    return;
  }
  float mean = 0.0f;
  for (std::int64_t e = 0; e < c.experts; ++e) mean += gradients[e] * scores[e];
  for (std::int64_t e = 0; e < c.experts; ++e) gradients[e] = scores[e] * (gradients[e] - mean);
}

void route_token_backward(const RouteBackwardArgs& a, std::int64_t t) {
  const RouteConfig& c = a.config;
  const float* scores = a.scores + t * c.experts;
  const std::int32_t* experts = a.experts + t * c.top_k;
  const float* dw = a.dweights + t * c.top_k;
  float* out = a.dlogits + t * c.experts;
  for (std::int64_t e = 0; e < c.experts; ++e) out[e] = a.dscores != nullptr ? a.dscores[t * c.experts + e] : 0.0f;
  float sum = 1e-20f, dot = 0.0f;
  for (std::int64_t s = 0; s < c.top_k; ++s) {
    sum += scores[experts[s]];
    dot += dw[s] * scores[experts[s]];
  }
  for (std::int64_t s = 0; s < c.top_k; ++s)
    out[experts[s]] += c.normalize ? c.scale * (dw[s] / sum - dot / (sum * sum)) : c.scale * dw[s];
  scores_backward(c, scores, out);
}

template <class T>
void combine_token(const CombineArgs& a, std::int64_t t) {
  const T* y = static_cast<const T*>(a.y);
  T* out = static_cast<T*>(a.out) + t * a.columns;
  for (std::int64_t j = 0; j < a.columns; j += kLanes) {
    const std::int64_t left = a.columns - j;
    V16 sum{};
    for (std::int64_t s = 0; s < a.top_k; ++s) {
      const std::int64_t slot = t * a.top_k + s;
      const V16 row = load_some(y + static_cast<std::int64_t>(a.place[slot]) * a.columns + j, left);
      sum = a.weights != nullptr ? fma(splat(a.weights[slot]), row, sum) : sum + row;
    }
    store_some(out + j, sum, left);
  }
}

template <class T>
void combine_token_backward(const CombineBackwardArgs& a, std::int64_t t) {
  const T* dout = static_cast<const T*>(a.dout) + t * a.columns;
  for (std::int64_t s = 0; s < a.top_k; ++s) {
    const std::int64_t slot = t * a.top_k + s;
    const std::int64_t offset = static_cast<std::int64_t>(a.place[slot]) * a.columns;
    const T* y = static_cast<const T*>(a.y) + offset;
    T* dy = static_cast<T*>(a.dy) + offset;
    const V16 weight = splat(a.weights[slot]);
    V16 dot{};
    for (std::int64_t j = 0; j < a.columns; j += kLanes) {
      const std::int64_t left = a.columns - j;
      const V16 g = load_some(dout + j, left);
      dot = fma(g, load_some(y + j, left), dot);
      store_some(dy + j, weight * g, left);
    }
    a.dweights[slot] = sum_lanes(dot);
  }
}

std::int64_t grain(std::int64_t columns) {
  return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, columns));
}

}  // namespace

void route(const RouteArgs& args) {
  parallel_ranges(args.tokens, 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> choice(static_cast<std::size_t>(args.config.experts)),
        groups(static_cast<std::size_t>(args.config.groups));
    for (std::int64_t t = begin; t < end; ++t) route_token(args, t, choice, groups);
  });
}

void route_backward(const RouteBackwardArgs& args) {
  parallel_ranges(args.tokens, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) route_token_backward(args, t);
  });
}

void gather_rows(const GatherRowsArgs& args) {
  const std::int64_t bytes = args.columns * (args.dtype == DType::F32 ? 4 : 2);
  parallel_ranges(args.rows, grain(args.columns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      std::memcpy(static_cast<char*>(args.y) + i * bytes, static_cast<const char*>(args.x) + args.source[i] * bytes,
                  static_cast<std::size_t>(bytes));
  });
}

void combine(const CombineArgs& args) {
  parallel_ranges(args.tokens, grain(args.columns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      if (args.dtype == DType::F32)
        combine_token<float>(args, t);
      else
        combine_token<bf16>(args, t);
    }
  });
}

void combine_backward(const CombineBackwardArgs& args) {
  parallel_ranges(args.tokens, grain(args.columns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      if (args.dtype == DType::F32)
        combine_token_backward<float>(args, t);
      else
        combine_token_backward<bf16>(args, t);
    }
  });
}

}  // namespace r1::kernels::R1_ISA
