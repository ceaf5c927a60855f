// One table; everything else looks it up.
#include "r1/weights/gguf_type.h"

#include <array>

#include "r1/core/error.h"

namespace r1::weights {

namespace {

using enum GgufType;

constexpr std::array<GgufTypeInfo, 32> kTypes = {{
    {F32, "F32", 1, 4},
    {F16, "F16", 1, 2},
    {Q4_0, "Q4_0", 32, 18},
    {Q4_1, "Q4_1", 32, 20},
    {Q5_0, "Q5_0", 32, 22},
    {Q5_1, "Q5_1", 32, 24},
    {Q8_0, "Q8_0", 32, 34},
    {Q2_K, "Q2_K", 256, 84},
    {Q3_K, "Q3_K", 256, 110},
    {Q4_K, "Q4_K", 256, 144},
    {Q5_K, "Q5_K", 256, 176},
    {Q6_K, "Q6_K", 256, 210},
    {IQ2_XXS, "IQ2_XXS", 256, 66},
    {IQ2_XS, "IQ2_XS", 256, 74},
    {IQ3_XXS, "IQ3_XXS", 256, 98},
    {IQ1_S, "IQ1_S", 256, 50},
    {IQ4_NL, "IQ4_NL", 32, 18},
    {IQ3_S, "IQ3_S", 256, 110},
    {IQ2_S, "IQ2_S", 256, 82},
    {IQ4_XS, "IQ4_XS", 256, 136},
    {I8, "I8", 1, 1},
    {I16, "I16", 1, 2},
    {I32, "I32", 1, 4},
    {I64, "I64", 1, 8},
    {F64, "F64", 1, 8},
    {IQ1_M, "IQ1_M", 256, 56},
    {BF16, "BF16", 1, 2},
    {TQ1_0, "TQ1_0", 256, 54},
    {TQ2_0, "TQ2_0", 256, 66},
    {MXFP4, "MXFP4", 32, 17},
    {NVFP4, "NVFP4", 64, 36},
    {Q1_0, "Q1_0", 128, 18},
}};

}  // namespace

const GgufTypeInfo* find_gguf_type(std::uint32_t number) {
  for (const GgufTypeInfo& info : kTypes) {
    if (static_cast<std::uint32_t>(info.type) == number) return &info;
  }
  return nullptr;
}

const GgufTypeInfo& gguf_type_info(GgufType type) {
  const GgufTypeInfo* info = find_gguf_type(static_cast<std::uint32_t>(type));
  R1_CHECK(info != nullptr, "GGUF type {} is not in the table", static_cast<std::uint32_t>(type));
  return *info;
}

GgufType stored_gguf_type(GgufType wanted, const std::vector<std::int64_t>& shape) {
  const bool fits = shape.size() > 1 && shape.back() % gguf_type_info(wanted).block_elements == 0;
  return fits ? wanted : F32;
}

}  // namespace r1::weights
