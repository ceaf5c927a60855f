// Bounds of the sizes in a configuration: far above any model's, small enough that no product of two or three of them
// overflows. Whether a model of such sizes fits into memory is decoder.h's matter. No torch type.
#pragma once

#include <cstdint>
#include <string>

#include "r1/core/error.h"

namespace r1::model {

inline constexpr std::int64_t kMaxSize = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxLayers = std::int64_t{1} << 14;

/// UserError unless 1 <= value <= most; `name` says where it stands, too.
inline void check_size(std::int64_t value, const std::string& name, std::int64_t most = kMaxSize) {
  if (value < 1) user_error("{} is {}: it must be 1 or more", name, value);
  if (value > most) user_error("{} is {}: at most {} is supported", name, value, most);
}

}  // namespace r1::model
