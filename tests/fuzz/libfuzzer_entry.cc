// What libFuzzer calls, compiled once a target (R1_FUZZ_TARGET names its function).
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  r1::fuzz::R1_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
