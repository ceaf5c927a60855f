// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3.
// One stream = one 64-bit key and the upper 64 bits of the counter, both taken from one Philox call over
// (step, prompt, sample, purpose) keyed by the seed. That call is a bijection, so two different keys of one seed always
// get different streams. The lower 64 bits of the counter are the block index: positions use its lower half, sequential
// reads (next_u32 and all that is built on it) its upper half, so the two never share a number. It is not
// cryptographic.
#include "r1/core/rng.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "r1/core/error.h"

namespace r1::core {

namespace {

constexpr std::uint64_t kSequential = 1ULL << 63;  // block indices of sequential reads

std::uint32_t low32(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high32(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

double unit_double(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {high32(p1) ^ counter[1] ^ key[0], low32(p1), high32(p0) ^ counter[3] ^ key[1], low32(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

Rng::Rng(const RngKey& key) {
  const auto stream = philox4x32({key.step, key.prompt, key.sample, static_cast<std::uint32_t>(key.purpose)},
                                 {low32(key.seed), high32(key.seed)});
  key_ = {stream[0], stream[1]};
  counter_high_ = {stream[2], stream[3]};
}

std::array<std::uint32_t, 4> Rng::block(std::uint64_t index) const {
  return philox4x32({low32(index), high32(index), counter_high_[0], counter_high_[1]}, key_);
}

double Rng::uniform_at(std::uint64_t position) const {
  const auto words = block(position & ~kSequential);
  return unit_double(std::uint64_t{words[1]} << 32 | words[0]);
}

std::uint32_t Rng::next_u32() {
  if (buffered_ == 0) {
    buffer_ = block(kSequential | next_block_++);
    buffered_ = 4;
  }
  return buffer_[4 - buffered_--];
}

std::uint64_t Rng::next_u64() {
  const std::uint64_t low = next_u32();
  return std::uint64_t{next_u32()} << 32 | low;
}

double Rng::uniform() { return unit_double(next_u64()); }

std::uint64_t Rng::below(std::uint64_t n) {
  R1_CHECK(n >= 1, "below(0) has no value to return");
  const std::uint64_t skipped = (0 - n) % n;  // 2^64 mod n: the draws that would favour small results
  std::uint64_t draw = next_u64();
  while (draw < skipped) draw = next_u64();
  return draw % n;
}

std::int64_t Rng::between(std::int64_t low, std::int64_t high) {
  R1_CHECK(low <= high, "between({}, {}) is empty", low, high);
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset = span == std::numeric_limits<std::uint64_t>::max() ? next_u64() : below(span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

double Rng::normal() {
  const double u = 1.0 - uniform();  // (0, 1]: log stays finite
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

std::size_t Rng::weighted(const std::vector<double>& weights) {
  double sum = 0.0;
  std::size_t last_positive = weights.size();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    R1_CHECK(weights[i] >= 0.0 && std::isfinite(weights[i]), "weight {} of item {} is negative or not finite",
             weights[i], i);
    sum += weights[i];
    if (weights[i] > 0.0) last_positive = i;
  }
  R1_CHECK(sum > 0.0 && std::isfinite(sum), "the weights of {} items sum to {}", weights.size(), sum);
  double left = uniform() * sum;
  for (std::size_t i = 0; i < last_positive; ++i) {
    if (left < weights[i]) return i;
    left -= weights[i];
  }
  return last_positive;  // also where rounding leaves a remainder
}

}  // namespace r1::core
