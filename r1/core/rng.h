// Counter-based randomness: Philox4x32-10 (Salmon et al., SC'11). Every random number is a pure function of
// (seed, purpose, step, prompt, sample, position), so any one rollout can be replayed alone and nothing depends on
// order. There is no global generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace r1::core {

/// Ten Philox4x32 rounds over a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// What a stream of random numbers is for; streams of different purposes never overlap. Values are part of file
/// contracts.
enum class Purpose : std::uint32_t {
  Init = 1,
  Data = 2,
  Shuffle = 3,
  Sampling = 4,
  Corpus = 5,
  Problems = 6,
  Bootstrap = 7,
  Reward = 8,
  Test = 99
};

/// Names one stream. `step`, `prompt` and `sample` are 0 where they mean nothing.
struct RngKey {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::Test;
  std::uint32_t step = 0;
  std::uint32_t prompt = 0;
  std::uint32_t sample = 0;
};

/// A stream of random numbers named by its key; copyable, cheap. Reading at a position (uniform_at) does not move it.
class Rng {
 public:
  explicit Rng(const RngKey& key);

  /// Uniform in [0, 1) with 53 bits, a pure function of (key, position).
  double uniform_at(std::uint64_t position) const;

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform integer in [0, n), n >= 1, without modulo bias.
  std::uint64_t below(std::uint64_t n);
  /// Uniform integer in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  /// Standard normal (Box-Muller).
  double normal();
  /// Index drawn in proportion to non-negative weights with a positive sum.
  std::size_t weighted(const std::vector<double>& weights);
  /// Fisher-Yates.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint32_t, 4> block(std::uint64_t index) const;

  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 2> counter_high_{};
  std::array<std::uint32_t, 4> buffer_{};
  std::uint64_t next_block_ = 0;
  unsigned buffered_ = 0;
};

}  // namespace r1::core
