// Touches every byte of a tensor, so that one outside of its memory is seen. It computes nothing.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

namespace r1::fuzz {

inline void read_bytes(const at::Tensor& tensor) {
  const auto* bytes = static_cast<const std::uint8_t*>(tensor.const_data_ptr());
  volatile std::uint8_t seen = 0;
  for (std::size_t i = 0; i < tensor.nbytes(); ++i) seen = static_cast<std::uint8_t>(seen ^ bytes[i]);
}

}  // namespace r1::fuzz
