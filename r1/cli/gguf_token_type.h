// The numbers of `tokenizer.ggml.token_type`, from the format's specification. For the gguf_tokenizer sources.
#pragma once

#include <cstdint>

namespace r1::cli {

inline constexpr std::int32_t kNormalToken = 1;
inline constexpr std::int32_t kUnknownToken = 2;
inline constexpr std::int32_t kControlToken = 3;  // special
inline constexpr std::int32_t kUserToken = 4;  // added, but ordinary text
inline constexpr std::int32_t kUnusedToken = 5;  // an id that stands for nothing

}  // namespace r1::cli
