// Plain random floats for kernel tests (no core below kernels): a 64-bit linear congruential generator.
#pragma once

#include <cstdint>
#include <vector>

namespace r1::kernels::testing {

inline std::vector<float> random_floats(std::size_t count, std::uint64_t seed, float scale = 1.0f) {
  std::vector<float> out(count);
  std::uint64_t state = seed * 2654435761U + 1;
  for (float& x : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    x = scale * (static_cast<float>(state >> 40) / 8388608.0f - 1.0f);
  }
  return out;
}

}  // namespace r1::kernels::testing
