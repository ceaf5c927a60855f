// How many bytes a model takes to serve, to fine-tune and to train by reinforcement learning, from its parameter count
// and config.json: weights, gradients, AdamW's states, cached keys and values. Activations, which depend on the batch,
// and the program itself come on top.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace r1::cli {

/// Numbers that a layer of the cache keeps for a token, times layers.
struct CacheNumbers {
  std::int64_t exact = 0;  // keys and values of every head
  std::int64_t fast = 0;  // multi-head latent attention: the latent; else the same
};

/// Nothing when config.json lacks the sizes of an attention that r1 knows.
std::optional<CacheNumbers> cache_numbers(const std::filesystem::path& config_json);

struct MemoryNeed {
  std::int64_t weights = 0;  // serving takes these and the cache
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;  // two moments and, beside bf16 weights, masters, all float32
  std::int64_t cache_1000 = 0, fast_cache_1000 = 0;  // of 1,000 tokens

  std::int64_t fine_tuning() const { return weights + gradients + optimizer; }
  /// With a reference model beside the policy; rollouts share the policy's weights.
  std::int64_t reinforcement() const { return fine_tuning() + weights; }
};

/// With elements of `element_bytes`: 2 (bf16) or 4 (f32).
MemoryNeed memory_need(std::int64_t parameters, const CacheNumbers& cache, std::int64_t element_bytes);

}  // namespace r1::cli
