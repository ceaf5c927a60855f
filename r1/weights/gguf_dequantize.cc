// One function a type turns one block into floats. `d` is a block's scale, `m` its offset, `q` the packed integers.
#include <c10/util/Half.h>

#include <array>
#include <cstring>

#include "r1/core/error.h"
#include "r1/weights/gguf_blocks.h"

namespace r1::weights {

namespace {

using Bytes = const std::uint8_t*;

constexpr int kSmall = 32;      // elements of a block of the simple types
constexpr int kSubBlocks = 8;   // of 32 elements, in a block of Q4_K and Q5_K
constexpr int kScaleBytes = 12;  // 8 scales and 8 offsets of 6 bits

float half_at(Bytes bytes) {
  const auto bits = static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
  return static_cast<float>(c10::Half(bits, c10::Half::from_bits()));
}

std::uint32_t u32_at(Bytes bytes) {
  std::uint32_t out = 0;
  std::memcpy(&out, bytes, sizeof out);
  return out;
}

/// Element i of 32 nibbles in 16 bytes: the low halves first.
int nibble(Bytes q, int i) { return i < kSmall / 2 ? q[i] & 0x0f : q[i - kSmall / 2] >> 4; }

void q4_0(Bytes block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(nibble(block + 2, i) - 8);
}

void q4_1(Bytes block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  for (int i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(nibble(block + 4, i)) + m;
}

/// Element i of 32 integers of 5 bits: the fifth bits lie in one u32.
int five_bits(std::uint32_t high, Bytes q, int i) { return nibble(q, i) | static_cast<int>((high >> i & 1U) << 4); }

void q5_0(Bytes block, float* out) {
  const float d = half_at(block);
  const std::uint32_t high = u32_at(block + 2);
  for (int i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(five_bits(high, block + 6, i) - 16);
}

void q5_1(Bytes block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const std::uint32_t high = u32_at(block + 4);
  for (int i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(five_bits(high, block + 8, i)) + m;
}

void q8_0(Bytes block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i) out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * d;
}

struct SubScale {
  float d, m;
};

/// Scales and offsets of the 8 sub-blocks of Q4_K and Q5_K: those of 0-3 lie in the low 6 bits of bytes 0-3 and 4-7;
/// those of 4-7 in the nibbles of bytes 8-11, with their top two bits in the top two of bytes 0-3 and 4-7.
std::array<SubScale, kSubBlocks> sub_scales(Bytes block) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const Bytes packed = block + 4;
  std::array<SubScale, kSubBlocks> out{};
  for (std::size_t i = 0; i < 4; ++i) {
    const int scale = packed[8 + i] & 0x0f;
    const int offset = packed[8 + i] >> 4;
    out[i] = {d * static_cast<float>(packed[i] & 0x3f), m * static_cast<float>(packed[4 + i] & 0x3f)};
    out[4 + i] = {d * static_cast<float>(scale | (packed[i] >> 2 & 0x30)),
                  m * static_cast<float>(offset | (packed[4 + i] >> 2 & 0x30))};
  }
  return out;
}

void q4_k(Bytes block, float* out) {
  const auto scales = sub_scales(block);
  const Bytes q = block + 4 + kScaleBytes;  // 32 bytes hold two sub-blocks: low halves, high halves
  for (int s = 0; s < kSubBlocks; ++s) {
    const auto [d, m] = scales[static_cast<std::size_t>(s)];
    for (int i = 0; i < 32; ++i) {
      const int value = q[32 * (s / 2) + i] >> (4 * (s % 2)) & 0x0f;
      out[32 * s + i] = d * static_cast<float>(value) - m;
    }
  }
}

void q5_k(Bytes block, float* out) {
  const auto scales = sub_scales(block);
  const Bytes high = block + 4 + kScaleBytes;  // bit s of byte i is the fifth bit of element i of sub-block s
  const Bytes q = high + 32;
  for (int s = 0; s < kSubBlocks; ++s) {
    const auto [d, m] = scales[static_cast<std::size_t>(s)];
    for (int i = 0; i < 32; ++i) {
      const int value = (q[32 * (s / 2) + i] >> (4 * (s % 2)) & 0x0f) | (high[i] >> s & 1) << 4;
      out[32 * s + i] = d * static_cast<float>(value) - m;
    }
  }
}

void q6_k(Bytes block, float* out) {
  const Bytes low = block;  // 128 bytes: per half of the block 64 bytes, first all low, then all high nibbles
  const Bytes high = block + 128;  // 64 bytes: per half 32 bytes of four pairs of bits
  const Bytes scales = block + 192;  // 16 signed bytes, one for 16 elements
  const float d = half_at(block + 208);
  for (int e = 0; e < 256; ++e) {
    const int half = e / 128;
    const int quarter = e / 32 % 4;
    const int i = e % 32;
    const int four = low[64 * half + 32 * (quarter % 2) + i] >> (4 * (quarter / 2)) & 0x0f;
    const int two = high[32 * half + i] >> (2 * quarter) & 0x03;
    const float scale = d * static_cast<float>(static_cast<std::int8_t>(scales[e / 16]));
    out[e] = scale * static_cast<float>((four | two << 4) - 32);
  }
}

using Dequantize = void (*)(Bytes, float*);

Dequantize dequantizer(GgufType type) {
  switch (type) {
    case GgufType::Q4_0:
      return q4_0;
    case GgufType::Q4_1:
      return q4_1;
    case GgufType::Q5_0:
      return q5_0;
    case GgufType::Q5_1:
      return q5_1;
    case GgufType::Q8_0:
      return q8_0;
    case GgufType::Q4_K:
      return q4_k;
    case GgufType::Q5_K:
      return q5_k;
    case GgufType::Q6_K:
      return q6_k;
    default:
      return nullptr;
  }
}

}  // namespace

bool can_dequantize_gguf(GgufType type) { return dequantizer(type) != nullptr; }

void dequantize_gguf(GgufType type, const std::uint8_t* blocks, std::int64_t num_blocks, float* out) {
  const Dequantize dequantize = dequantizer(type);
  const GgufTypeInfo& info = gguf_type_info(type);
  R1_CHECK(dequantize != nullptr, "{} can't be dequantised", info.name);
  for (std::int64_t i = 0; i < num_blocks; ++i)
    dequantize(blocks + i * info.block_bytes, out + i * info.block_elements);
}

}  // namespace r1::weights
