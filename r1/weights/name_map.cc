// Numbered names (name_map.h).
#include "r1/weights/name_map.h"

#include "r1/core/error.h"

namespace r1::weights {

std::string numbered_name(std::string_view pattern, std::int64_t index) {
  const std::size_t hole = pattern.find("{}");
  R1_CHECK(hole != std::string_view::npos && pattern.find("{}", hole + 1) == std::string_view::npos,
           "pattern '{}' must hold exactly one pair of braces", pattern);
  return fmt::format("{}{}{}", pattern.substr(0, hole), index, pattern.substr(hole + 2));
}

void append_unstacked(NamedTensors& out, std::string_view pattern, const at::Tensor& stacked) {
  for (std::int64_t i = 0; i < stacked.size(0); ++i) out.emplace_back(numbered_name(pattern, i), stacked.select(0, i));
}

}  // namespace r1::weights
