// The element types of GGUF tensors as data: number in the file, name, and how many elements of a row share one block
// of how many bytes. Every type that files hold is listed, so that a file's layout can be checked and shown; which of
// them can be turned into numbers is gguf_blocks.h's matter. Numbers and sizes: the format's `ggml_type` (its Q8_1 and
// Q8_K exist in memory only).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace r1::weights {

// NOLINTBEGIN(readability-identifier-naming): the format's own names
enum class GgufType : std::uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ2_XXS = 16,
  IQ2_XS = 17,
  IQ3_XXS = 18,
  IQ1_S = 19,
  IQ4_NL = 20,
  IQ3_S = 21,
  IQ2_S = 22,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  IQ1_M = 29,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  MXFP4 = 39,
  NVFP4 = 40,
  Q1_0 = 41,
};
// NOLINTEND(readability-identifier-naming)

struct GgufTypeInfo {
  GgufType type;
  std::string_view name;
  std::int64_t block_elements;  // consecutive elements of a row that one block holds
  std::int64_t block_bytes;
};

/// What is known of the type with that number; null for a number that the format does not use.
const GgufTypeInfo* find_gguf_type(std::uint32_t number);

/// The same for a type of the enumeration.
const GgufTypeInfo& gguf_type_info(GgufType type);

/// The type in which the writer stores a tensor of that shape (torch order, last dimension = row) when `wanted` is
/// asked for: F32 for one-dimensional tensors (norms and biases: small and delicate) and where a row is no whole number
/// of blocks, else `wanted`.
GgufType stored_gguf_type(GgufType wanted, const std::vector<std::int64_t>& shape);

}  // namespace r1::weights
