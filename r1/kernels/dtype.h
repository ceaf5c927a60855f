// Element types of kernel arguments. Arithmetic is float32 inside; bf16 is a storage type, rounded to nearest even.
#pragma once

#include <cstdint>

namespace r1::kernels {

enum class DType : std::uint8_t { F32, BF16 };

}  // namespace r1::kernels
