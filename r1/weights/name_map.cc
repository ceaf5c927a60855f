// Slices are copied one by one into the stacked tensor, so that at no time two whole copies exist.
#include "r1/weights/name_map.h"

#include <ATen/ops/empty.h>

#include <vector>

#include "r1/core/error.h"

namespace r1::weights {

std::string numbered_name(std::string_view pattern, std::int64_t index) {
  const std::size_t hole = pattern.find("{}");
  R1_CHECK(hole != std::string_view::npos && pattern.find("{}", hole + 1) == std::string_view::npos,
           "pattern '{}' must hold exactly one pair of braces", pattern);
  return fmt::format("{}{}{}", pattern.substr(0, hole), index, pattern.substr(hole + 2));
}

at::Tensor load_stacked(const SafetensorsReader& reader, std::string_view pattern, std::int64_t count) {
  R1_CHECK(count > 0, "pattern '{}': nothing to stack", pattern);
  const TensorInfo& first = reader.info(numbered_name(pattern, 0));
  std::vector<std::int64_t> shape = {count};
  shape.insert(shape.end(), first.shape.begin(), first.shape.end());
  at::Tensor out = at::empty(shape, at::TensorOptions().dtype(first.dtype));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string name = numbered_name(pattern, i);
    const TensorInfo& info = reader.info(name);
    if (info.shape != first.shape || info.dtype != first.dtype) {
      user_error("tensor '{}' has another shape or dtype than number 0 of its kind; the checkpoint is damaged", name);
    }
    out.select(0, i).copy_(reader.load(name));
  }
  return out;
}

void append_unstacked(NamedTensors& out, std::string_view pattern, const at::Tensor& stacked) {
  for (std::int64_t i = 0; i < stacked.size(0); ++i) out.emplace_back(numbered_name(pattern, i), stacked.select(0, i));
}

}  // namespace r1::weights
