// One token a row (table.h: SampleArgs) by walking the cumulative distribution: each thread owns one stretch of the
// vocabulary, the stretches' masses are summed in order, and the one that holds the target is walked alone.
#include <cfloat>

#include "r1/kernels/cuda/common.cuh"

namespace r1::kernels::cuda {

namespace {

constexpr int kThreads = 512;

struct Best {
  float value;
  std::int64_t token;
};

__device__ inline bool is_banned(const SampleArgs& a, std::int64_t row, std::int64_t token) {
  if (a.bans == nullptr || a.bans[row] == 0) return false;
  for (std::int64_t i = 0; i < a.num_banned; ++i)
    if (a.banned[i] == token) return true;
  return false;
}

/// The row's largest logit and its lowest id; with `bans`, among those that are not banned.
__device__ Best row_best(const SampleArgs& a, std::int64_t row, bool bans) {
  __shared__ Best best[kThreads];
  const float* x = a.logits + row * a.vocab;
  Best mine{-FLT_MAX, a.vocab};
  for (std::int64_t j = threadIdx.x; j < a.vocab; j += kThreads)
    if ((x[j] > mine.value || mine.token == a.vocab) && !(bans && is_banned(a, row, j))) mine = {x[j], j};
  best[threadIdx.x] = mine;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      const Best other = best[threadIdx.x + half];
      const bool better = other.value > mine.value || (other.value == mine.value && other.token < mine.token);
      if (other.token < a.vocab && (mine.token == a.vocab || better)) best[threadIdx.x] = mine = other;
    }
    __syncthreads();
  }
  const Best found = best[0];
  __syncthreads();
  return found;
}

/// Sums in the order of the stretches: sum[i] becomes the mass before stretch i; returns all of it.
__device__ float exclusive(float* sum) {
  __shared__ float total;
  __syncthreads();
  if (threadIdx.x == 0) {
    float running = 0.0f;
    for (int i = 0; i < kThreads; ++i) {
      const float mass = sum[i];
      sum[i] = running;
      running += mass;
    }
    total = running;
  }
  __syncthreads();
  return total;
}

__global__ void __launch_bounds__(kThreads) draw(SampleArgs a) {
  __shared__ float before[kThreads];
  __shared__ unsigned long long chosen;
  const std::int64_t row = blockIdx.x;
  const Best best = row_best(a, row, a.temperature == 0.0f);
  if (a.temperature == 0.0f) {
    if (threadIdx.x == 0) {
      a.token[row] = best.token;
      a.log_kept_mass[row] = 0.0f;
    }
    return;
  }
  const float* x = a.logits + row * a.vocab;
  const float inverse = 1.0f / a.temperature, top = best.value * inverse;
  const std::int64_t stretch = (a.vocab + kThreads - 1) / kThreads;
  const std::int64_t begin = threadIdx.x * stretch, end = min(a.vocab, begin + stretch);
  float kept = 0.0f, dropped = 0.0f;
  for (std::int64_t j = begin; j < end; ++j) {
    const float mass = __expf(x[j] * inverse - top);
    if (is_banned(a, row, j))
      dropped += mass;
    else
      kept += mass;
  }
  before[threadIdx.x] = dropped;
  const float dropped_total = exclusive(before);
  before[threadIdx.x] = kept;
  const float kept_total = exclusive(before);
  const float target = a.uniform[row] * kept_total;
  if (threadIdx.x == 0) chosen = 0;
  __syncthreads();
  // The last stretch that starts at or below the target and has mass; rounding can't run past the last token with any.
  if (kept > 0.0f && before[threadIdx.x] <= target)
    atomicMax(&chosen, static_cast<unsigned long long>(threadIdx.x) + 1);
  __syncthreads();
  if (threadIdx.x + 1ull != chosen) return;
  float running = before[threadIdx.x];
  std::int64_t token = begin;
  for (std::int64_t j = begin; j < end; ++j) {
    const float mass = is_banned(a, row, j) ? 0.0f : __expf(x[j] * inverse - top);
    if (mass <= 0.0f) continue;
    running += mass;
    token = j;
    if (running > target) break;
  }
  a.token[row] = token;
  a.log_kept_mass[row] = dropped_total > 0.0f ? logf(kept_total / (kept_total + dropped_total)) : 0.0f;
}

}  // namespace

void sample(const SampleArgs& args, Stream stream) {
  if (args.rows == 0) return;
  draw<<<static_cast<unsigned>(args.rows), kThreads, 0, native(stream)>>>(args);
  check_launch("sample");
}

}  // namespace r1::kernels::cuda
