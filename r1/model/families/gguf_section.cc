// (gguf_section.h)
#include "r1/model/families/gguf_section.h"

#include <charconv>

#include "r1/core/error.h"

namespace r1::model {

double shortest_decimal(double widened) {
  const auto narrow = static_cast<float>(widened);
  if (static_cast<double>(narrow) != widened) return widened;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, narrow).ptr;
  double out = widened;
  std::from_chars(text, end, out);
  return out;
}

void GgufSectionWriter::integer(const std::string& key, std::int64_t value) {
  if (value < 0 || value > INT32_MAX) user_error("config.json: {} does not fit a GGUF file's {}", value, key);
  metadata_.set(prefix_ + key, static_cast<std::uint32_t>(value));
}

}  // namespace r1::model
