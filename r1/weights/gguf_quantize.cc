// A block's scale is rounded to a half only after the integers were chosen with the exact one, as the reference does.
#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>

#include "r1/core/error.h"
#include "r1/weights/gguf_blocks.h"

namespace r1::weights {

namespace {

constexpr int kElements = 32;

/// Writes a scale; false when a half can't hold it.
bool put_half(float value, std::uint8_t* out) {
  const c10::Half half(value);
  out[0] = static_cast<std::uint8_t>(half.x & 0xff);
  out[1] = static_cast<std::uint8_t>(half.x >> 8);
  return std::isfinite(static_cast<float>(half));
}

/// 1 / d; 0 for a scale so small that the half is 0 too and the integers don't matter.
float inverse(float d) {
  const float out = d == 0.0F ? 0.0F : 1.0F / d;
  return std::isfinite(out) ? out : 0.0F;
}

/// d = largest magnitude / 127, q = round(x / d), halves away from zero.
bool q8_0(const float* x, std::uint8_t* block) {
  float largest = 0.0F;
  for (int i = 0; i < kElements; ++i) largest = std::isnan(x[i]) ? x[i] : std::max(largest, std::fabs(x[i]));
  const float d = largest / 127.0F;
  if (!put_half(d, block)) return false;
  const float scale = inverse(d);
  for (int i = 0; i < kElements; ++i) {
    block[2 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(std::round(x[i] * scale)));
  }
  return true;
}

/// d = (the number of largest magnitude, with its sign) / -8, q = floor(x / d + 8.5), at most 15.
bool q4_0(const float* x, std::uint8_t* block) {
  float largest = x[0];
  for (int i = 1; i < kElements; ++i) {
    if (std::isnan(x[i]) || std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  const float d = largest / -8.0F;
  if (!put_half(d, block)) return false;
  const float scale = inverse(d);
  const auto q = [&](int i) { return std::min(15, static_cast<int>(x[i] * scale + 8.5F)); };
  for (int i = 0; i < kElements / 2; ++i) {
    block[2 + i] = static_cast<std::uint8_t>(q(i) | q(i + kElements / 2) << 4);
  }
  return true;
}

using Quantize = bool (*)(const float*, std::uint8_t*);

Quantize quantizer(GgufType type) {
  if (type == GgufType::Q8_0) return q8_0;
  if (type == GgufType::Q4_0) return q4_0;
  return nullptr;
}

}  // namespace

bool can_quantize_gguf(GgufType type) { return quantizer(type) != nullptr; }

bool quantize_gguf(GgufType type, const float* values, std::int64_t num_blocks, std::uint8_t* out) {
  const Quantize quantize = quantizer(type);
  const GgufTypeInfo& info = gguf_type_info(type);
  R1_CHECK(quantize != nullptr, "{} can't be quantised", info.name);
  for (std::int64_t i = 0; i < num_blocks; ++i) {
    if (!quantize(values + i * info.block_elements, out + i * info.block_bytes)) return false;
  }
  return true;
}

}  // namespace r1::weights
